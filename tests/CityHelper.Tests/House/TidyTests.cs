using System.Text.RegularExpressions;
using Xunit;

namespace CityHelper.Tests.House;

/// <summary>The house rules that a machine can check.</summary>
public sealed partial class TidyTests
{
    private const int FileLinesMax = 450;

    [Fact]
    public void No_unfinished_marks_are_left()
    {
        // Spelled apart, so that this file does not find itself.
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

    [Fact]
    public void Links_in_documents_lead_somewhere() =>
        AssertNone(Repository.Files(".md").SelectMany(file => Link().Matches(File.ReadAllText(file))
            .Select(m => m.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target)))
            .Select(target => $"{Short(file)} links to {target}")));

    [Fact]
    public void Source_names_no_document_that_is_not_there() =>
        AssertNone(Repository.Files(".cs", ".sql").SelectMany(file => DocumentName().Matches(File.ReadAllText(file))
            .Select(m => m.Value)
            .Where(name => Directory.GetFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
                .All(d => !Path.GetRelativePath(Repository.Root, d).Replace('\\', '/').StartsWith(name, StringComparison.Ordinal)))
            .Select(name => $"{Short(file)} names {name}")));

    private static void AssertNone(IEnumerable<string> problems) => Assert.Equal("", string.Join('\n', problems));

    private static string Short(string file) => Path.GetRelativePath(Repository.Root, file);

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w./])docs/[a-z0-9/_-]+[a-z0-9]")]
    private static partial Regex DocumentName();
}
