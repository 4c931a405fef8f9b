using System.Text.RegularExpressions;
using CityHelper.Engine;
using CityHelper.Server;
using Xunit;

namespace CityHelper.Tests.Architecture;

public sealed partial class ErrorCodeTests
{
    /// <summary>Clients read error codes: each one has a line that says what to do, and no line remains for a removed code.</summary>
    [Fact]
    public void Every_code_is_explained_and_every_explained_code_exists()
    {
        IEnumerable<string> inSource = Directory.EnumerateFiles(Repository.PathOf("src"), "*Error*.cs", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith("EngineErrors.cs", StringComparison.Ordinal))
            .SelectMany(file => Code().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value))
            .Concat(OfMutations())
            .Distinct()
            .Order(StringComparer.Ordinal);
        IEnumerable<string> explained = Row().Matches(File.ReadAllText(Repository.PathOf("docs", "errors.md")))
            .Select(m => m.Groups[1].Value)
            .Order(StringComparer.Ordinal);
        Assert.Equal(inSource, explained);
    }

    // A mutation's error has the code of its class.
    private static IEnumerable<string> OfMutations() => new[] { typeof(MutationError).Assembly, typeof(ServerApplication).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.IsSubclassOf(typeof(MutationError)) && !type.IsAbstract)
        .Select(MutationError.CodeOf);

    [GeneratedRegex("\"(HC\\d{4}|[A-Z]{2,}(?:_[A-Z]+)*)\"\\)")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| `([A-Z0-9_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
