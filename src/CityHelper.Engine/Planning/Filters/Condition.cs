namespace CityHelper.Engine.Planning.Filters;

/// <summary>A condition on a row.</summary>
/// <param name="Sql">With <see cref="Row"/> where the row's alias goes.</param>
/// <param name="Columns">The columns of the row that it reads.</param>
internal sealed record Condition(string Sql, IReadOnlyList<string> Columns)
{
    /// <summary>Stands for the alias.</summary>
    public const string Row = "{row}";

    /// <summary>Whether it holds for a row whose values are known; null when that cannot be told without the database.</summary>
    public Func<Estimation, ReferenceRow, bool>? Holds { get; init; }

    /// <summary>For a condition of which one alternative must hold: the conditions of each.</summary>
    public IReadOnlyList<IReadOnlyList<Condition>>? Alternatives { get; init; }

    /// <summary>The column of which an index is searched for each item of a list; null where no list is.</summary>
    public string? ListColumn { get; init; }

    /// <summary>Whether it names the rows that pass, so that they are few and found by their keys.</summary>
    public bool NamesRows { get; init; }

    public static Condition Never { get; } = new("false", []) { Holds = (_, _) => false };

    /// <summary>
    /// Conditions that must all hold, of which an index is searched for one list at most on each column, and for keys alone where one of
    /// them names the rows: the indexes of values end with the key. PostgreSQL 15 descends for every combination of the items of several
    /// lists, and nothing ends that (statement_timeout, cancel and termination are not looked at in between). Measured: five lists of 53
    /// ids are 418 million descents; 400 ids in 53 categories were 64,402 buffers of a statement, and are 1,600.
    /// </summary>
    /// <param name="conditions">
    /// The conditions. What they say in an <c>or</c> searches no index, since bitmap scans are off, until the alternatives become selects
    /// of their own; the lists of each are then looked at with those beside it.
    /// </param>
    public static List<Condition> SearchingOnce(IReadOnlyList<Condition> conditions)
    {
        bool byKeys = conditions.Any(c => c.NamesRows);
        HashSet<string> columns = [];
        bool IsSearched(Condition c) => c.ListColumn is not { } column || (c.NamesRows == byKeys && columns.Add(column));
        return [.. conditions.Select(c => IsSearched(c) ? c : c with { Sql = $"({c.Sql}) is true", ListColumn = null })];
    }

    public string For(string alias) => Sql.Replace(Row, alias, StringComparison.Ordinal);

    /// <summary>Conditions that must all hold, for an alias; <c>true</c> for none.</summary>
    public static string All(IReadOnlyCollection<Condition> conditions, string alias) =>
        conditions.Count == 0 ? "true" : string.Join(" and ", conditions.Select(c => c.For(alias)));

    /// <summary>Conditions behind others: each with <c>and</c> before it.</summary>
    public static string And(IEnumerable<Condition> conditions, string alias) => string.Concat(conditions.Select(c => " and " + c.For(alias)));

    /// <summary>Conditions as a <c>where</c> of their own; nothing for none.</summary>
    public static string Where(IReadOnlyCollection<Condition> conditions, string alias) => conditions.Count == 0 ? "" : $"where {All(conditions, alias)} ";

    /// <summary>Conditions of which those of one alternative must all hold.</summary>
    /// <returns>Nothing when an alternative always holds; the alternative itself when there is only one.</returns>
    public static IReadOnlyList<Condition> Either(IReadOnlyList<IReadOnlyList<Condition>> alternatives)
    {
        if (alternatives.Count == 0 || alternatives.Any(a => a.Count == 0))
        {
            return [];
        }

        if (alternatives.Count == 1)
        {
            return alternatives[0];
        }

        Condition[] all = [.. alternatives.SelectMany(a => a)];
        return
        [
            new Condition($"({string.Join(" or ", alternatives.Select(a => All(a, Row)))})", [.. all.SelectMany(c => c.Columns).Distinct()])
            {
                Alternatives = alternatives,
                Holds = all.All(c => c.Holds is not null)
                    ? (estimation, row) => alternatives.Any(a => a.All(c => c.Holds!(estimation, row)))
                    : null,
            },
        ];
    }
}
