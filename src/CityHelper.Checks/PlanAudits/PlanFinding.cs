using System.Globalization;
using CityHelper.Engine.Planning;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Why an operation must not be published: what one of its statements reads with some variables.</summary>
/// <param name="Field">The root field that the statement belongs to.</param>
/// <param name="Excess">How bad it is, compared with findings of its kind.</param>
public abstract record PlanFinding(string Field, double Excess)
{
    /// <summary>What was read and what to do, for the author of the operation.</summary>
    public abstract string Message { get; }

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A large table is read by a sequential scan.</summary>
/// <param name="Field">The root field.</param>
/// <param name="Table">The table.</param>
/// <param name="Relation">The partition, or the table itself.</param>
/// <param name="Rows">Rows that were read.</param>
public sealed record SequentialScan(string Field, string Table, string Relation, double Rows) : PlanFinding(Field, Rows)
{
    public override string Message => Text(
        $"`{Field}` reads `{Table}` from its first row to its last ({Rows:N0} rows of {Relation}), because no index serves it. ")
        + "Filter or order by what has an index, or have one made.";
}

/// <summary>A statement opens partitions of other tenants.</summary>
/// <param name="Field">The root field.</param>
/// <param name="Table">The table.</param>
/// <param name="Relations">The partitions.</param>
public sealed record ForeignTenants(string Field, string Table, IReadOnlyList<string> Relations) : PlanFinding(Field, Relations.Count)
{
    public override string Message => Text($"`{Field}` opens parts of `{Table}` that belong to others ")
        + Text($"({string.Join(", ", Relations.Take(3))}{(Relations.Count > 3 ? ", …" : "")}). ")
        + "The server lets no operation do that: report it, with the operation.";
}

/// <summary>A statement reads too many partitions.</summary>
/// <param name="Field">The root field.</param>
/// <param name="Table">The table.</param>
/// <param name="Partitions">Partitions that it reads.</param>
public sealed record TooManyPartitions(string Field, string Table, int Partitions) : PlanFinding(Field, Partitions)
{
    public override string Message => Text(
        $"`{Field}` reads {Partitions} of the years that `{Table}` is divided into; {Limits.PartitionsMax} are allowed. ")
        + "Narrow `createdAt` in `where`.";
}

/// <summary>A statement writes temporary files, because memory does not suffice.</summary>
/// <param name="Field">The root field.</param>
/// <param name="What">What was written to disk, as part of a sentence.</param>
/// <param name="Blocks">Pages of 8 kB that were written and read.</param>
public sealed record Spill(string Field, string What, long Blocks) : PlanFinding(Field, Blocks)
{
    public override string Message => Text(
        $"`{Field}` {What} on disk ({Blocks:N0} blocks of 8 kB), because memory does not suffice. ")
        + "Ask for less at once: a smaller page, fewer nested rows, another order, or a narrower filter.";
}

/// <summary>Many rows are read for few.</summary>
/// <param name="Field">The root field.</param>
/// <param name="Read">Rows that were read, as counted by <see cref="PlanRules.RowsRead"/>.</param>
/// <param name="Returned">Rows that were returned.</param>
/// <param name="Table">The table of most of them.</param>
public sealed record TooManyRows(string Field, double Read, double Returned, string Table)
    : PlanFinding(Field, Read / Math.Max(1, Returned))
{
    public override string Message => Text(
        $"`{Field}` reads {Read:N0} rows, most of `{Table}`, to return {Returned:N0}; {Limits.RowsReadPerRow} for each, ")
        + Text($"or {Limits.RowsReadMin:N0} in all, are allowed. ")
        + "Filter by what has an index, in a smaller area or a shorter time.";
}

/// <summary>An operation touches too many buffers.</summary>
/// <param name="Field">The root field that reads most.</param>
/// <param name="Kind">The kind of statements.</param>
/// <param name="Buffers">Pages of 8 kB.</param>
/// <param name="Allowed">The budget of the kind.</param>
public sealed record TooManyBuffers(string Field, StatementKind Kind, long Buffers, long Allowed) : PlanFinding(Field, Buffers)
{
    public override string Message => (Kind == StatementKind.Page ? "Lists" : "Statistics")
        + Text($" touch {Buffers:N0} buffers of 8 kB, most of them for `{Field}`; {Allowed:N0} are allowed. ")
        + (Kind == StatementKind.Page
            ? "Ask for a smaller page, fewer or smaller nested lists, or a smaller area."
            : "Ask for fewer statistics at once, a smaller area, or a shorter time.");
}

/// <summary>A statement exceeded its time limit.</summary>
/// <param name="Field">The operation's name.</param>
public sealed record OutOfTime(string Field) : PlanFinding(Field, 0)
{
    public override string Message => Text(
        $"`{Field}` has a statement that takes longer than {Engine.Limits.StatementTimeoutMs / 1000} s, after which PostgreSQL stops it. ")
        + "Ask for less, or filter by what has an index.";
}
