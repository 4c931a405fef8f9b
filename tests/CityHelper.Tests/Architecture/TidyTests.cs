using System.Text.RegularExpressions;
using Xunit;

namespace CityHelper.Tests.Architecture;

/// <summary>The repository's rules that a machine can check.</summary>
public sealed partial class TidyTests
{
    private const int FileLinesMax = 450;
    private const int ColumnsMax = 140;

    [Fact]
    public void No_unfinished_marks_are_left()
    {
        // Split, so that this file does not match itself.
        string[] marks = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception"];
        AssertNone(Repository.Files(".cs", ".sql", ".sh", ".ts", ".tsx").SelectMany(file => marks
            .Where(mark => File.ReadAllText(file).Contains(mark, StringComparison.Ordinal))
            .Select(mark => $"{Short(file)} has {mark}")));
    }

    [Fact]
    public void Files_are_short_enough_for_a_sitting() =>
        AssertNone(Repository.Files(".cs", ".ts", ".tsx")
            .Select(file => (file, lines: File.ReadLines(file).Count()))
            .Where(f => f.lines > FileLinesMax)
            .Select(f => $"{Short(f.file)} has {f.lines} lines"));

    /// <summary>The build refuses longer lines of code (RCS0056), but not longer comments.</summary>
    [Fact]
    public void Lines_fit_the_screen() =>
        AssertNone(Repository.Files(".cs")
            .SelectMany(file => File.ReadLines(file).Select((line, i) => (file, line, number: i + 1)))
            .Where(l => l.line.Length > ColumnsMax)
            .Select(l => $"{Short(l.file)}:{l.number} has {l.line.Length} columns"));

    [Fact]
    public void Links_in_documents_lead_somewhere() =>
        AssertNone(Repository.Files(".md").SelectMany(file => Link().Matches(File.ReadAllText(file))
            .Select(m => m.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target)))
            .Select(target => $"{Short(file)} links to {target}")));

    [Fact]
    public void Documents_name_files_that_are_there() =>
        // From the root or from the document's own folder. A decision keeps the names of its day.
        AssertNone(Repository.Files(".md").Where(file => !IsDecision(file))
            .SelectMany(file => FilePath().Matches(File.ReadAllText(file))
            .Select(m => m.Groups[1].Value)
            .Where(path => !path.Contains("NNNN", StringComparison.Ordinal))
            .Where(path => !File.Exists(Repository.PathOf(path)) && !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, path)))
            .Select(path => $"{Short(file)} names {path}")));

    [Fact]
    public void Source_names_no_document_that_is_not_there() =>
        // A migration never changes once it ran somewhere, so it keeps the names that documents had then.
        AssertNone(Repository.Files(".cs", ".sql").Where(file => !IsMigration(file))
            .SelectMany(file => DocumentName().Matches(File.ReadAllText(file))
            .Select(m => m.Value)
            .Where(name => Directory.GetFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
                .All(d => !Path.GetRelativePath(Repository.Root, d).Replace('\\', '/').StartsWith(name, StringComparison.Ordinal)))
            .Select(name => $"{Short(file)} names {name}")));

    private static bool IsMigration(string file) =>
        file.EndsWith(".sql", StringComparison.Ordinal) && Path.GetFileName(Path.GetDirectoryName(file)) == "Migrations";

    private static bool IsDecision(string file) => Path.GetFileName(Path.GetDirectoryName(file)) == "decisions";

    private static void AssertNone(IEnumerable<string> problems) => Assert.Equal("", string.Join('\n', problems));

    private static string Short(string file) => Path.GetRelativePath(Repository.Root, file);

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    // In backticks, with a folder. A leading slash is a route of the server; "(new)" says that the file is yet to be written.
    [GeneratedRegex(@"`([^`\s<*/][^`\s<*]*/[^`\s<*]+\.(?:cs|sql|graphql|json|md))`(?! \(new\))")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"(?<![\w./])docs/[a-z0-9/_-]+[a-z0-9]")]
    private static partial Regex DocumentName();
}
