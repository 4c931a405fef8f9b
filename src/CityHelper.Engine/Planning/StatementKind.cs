namespace CityHelper.Engine.Planning;

/// <summary>What a statement is for, which decides what it may read.</summary>
public enum StatementKind
{
    /// <summary>Rows: a page, one row, a nested list.</summary>
    Page,

    /// <summary>
    /// Numbers computed from many rows: counts, statistics, clusters. They return few rows for many read, so buffers alone bound them.
    /// </summary>
    Aggregates,

    /// <summary>The best of all candidate rows, each of which must be ranked. As for aggregates, buffers alone bound them.</summary>
    Ranking,
}
