namespace CityHelper.IntegrationTests.Oracle;

/// <summary>What generated operations asked for, counted where the answers could be compared.</summary>
internal sealed class OracleCoverage(IReadOnlyList<OracleTestCaseResult> results)
{
    private const double RefusedMax = 0.10;

    // The share of operations that must have a connection of the kind; well below the actual share.
    private static readonly (string Name, double Least, Func<OracleConnection, bool> Holds)[] s_kinds =
    [
        ("rows", 0.5, c => c.HasRows),
        ("rows below rows", 0.15, c => c is { HasRows: true, Depth: > 0 }),
        ("filters that some rows pass", 0.25, c => c.Divides),
        ("or-filters that some rows pass", 0.1, c => c.HasOr),
        ("filters by status updates that some rows pass", 0.02, c => c.HasListFilter),
        ("orders of several rows", 0.2, c => c.IsOrdered),
        ("later pages", 0.05, c => c.IsLaterPage),
        ("backward pages", 0.1, c => c.IsBackward),
    ];

    /// <summary>Kinds that were asked too seldom or refused too often.</summary>
    public IEnumerable<string> Shortcomings()
    {
        foreach ((string name, double least, Func<OracleConnection, bool> holds) in s_kinds)
        {
            if (Share(holds) < least)
            {
                yield return $"Only {Share(holds):P1} of the operations have {name}, at least {least:P1} should.";
            }
        }

        if (Refused >= RefusedMax)
        {
            yield return $"{Refused:P1} of the operations were refused for want of an index, fewer than {RefusedMax:P1} should be.";
        }

        if (results.Sum(r => r.PagesFollowed) < results.Count / 50 || results.Sum(r => r.PagesFollowedBackward) < results.Count / 50)
        {
            yield return "Too few pages were followed.";
        }
    }

    public override string ToString() => string.Join('\n', s_kinds.Select(k => $"{Share(k.Holds):P1} {k.Name}")
        .Append($"{Refused:P1} refused")
        .Append($"{results.Sum(r => r.PagesFollowed)} pages followed forward, {results.Sum(r => r.PagesFollowedBackward)} backward"));

    private double Refused => Of(results.Count(r => r.IsRefused));

    private double Share(Func<OracleConnection, bool> holds) => Of(results.Count(r => r.Connections.Any(holds)));

    private double Of(int count) => (double)count / results.Count;
}
