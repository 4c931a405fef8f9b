namespace CityHelper.Engine.Planning.Filters;

/// <summary>A condition on a row.</summary>
/// <param name="Sql">The SQL, with <see cref="Row"/> in place of the row's alias.</param>
/// <param name="Columns">The columns of the row that it reads.</param>
internal sealed record Condition(string Sql, IReadOnlyList<string> Columns)
{
    /// <summary>The placeholder of the alias.</summary>
    public const string Row = "{row}";

    /// <summary>Whether it holds for a row whose values are known; null when only the database can evaluate it.</summary>
    public Func<Estimation, ReferenceRow, bool>? Holds { get; init; }

    /// <summary>For a disjunction: the conditions of each alternative.</summary>
    public IReadOnlyList<IReadOnlyList<Condition>>? Alternatives { get; init; }

    /// <summary>The column whose index is searched for each item of a list; null without a list.</summary>
    public string? ListColumn { get; init; }

    /// <summary>Whether it names the rows that pass, so that they are few and found by their keys.</summary>
    public bool NamesRows { get; init; }

    public static Condition Never { get; } = new("false", []) { Holds = (_, _) => false };

    /// <summary>
    /// Conditions that must all hold. On each column an index is searched for one list at most, and for keys alone where a condition names
    /// the rows, because the indexes of values end with the key. PostgreSQL 15 descends an index for every combination of the items of
    /// several lists, and nothing ends that: statement_timeout, cancel and termination are not checked in between. Measured: five lists of
    /// 53 ids are 418 million descents; 400 ids in 53 categories took 64,402 buffers in one statement, and now take 1,600.
    /// </summary>
    /// <param name="conditions">
    /// The conditions. Lists in an <c>or</c> search no index, since bitmap scans are off, until the alternatives become separate selects.
    /// The lists of each alternative are then checked together with the conditions beside it.
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

    /// <summary>Conditions after others: each is preceded by <c>and</c>.</summary>
    public static string And(IEnumerable<Condition> conditions, string alias) =>
        string.Concat(conditions.Select(c => " and " + c.For(alias)));

    /// <summary>Conditions as a <c>where</c> clause; empty for none.</summary>
    public static string Where(IReadOnlyCollection<Condition> conditions, string alias) =>
        conditions.Count == 0 ? "" : $"where {All(conditions, alias)} ";

    /// <summary>A disjunction: all conditions of one alternative must hold.</summary>
    /// <returns>Empty when an alternative always holds; the alternative itself when there is only one.</returns>
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
