namespace CityHelper.Engine.Planning;

/// <summary>What a statement is for, which says what it may read.</summary>
public enum StatementKind
{
    /// <summary>Rows: a page, one row, a nested list.</summary>
    Page,

    /// <summary>
    /// Numbers told of many rows: counts, figures, clusters. Few rows of many are their nature, so buffers alone bound them.
    /// </summary>
    Figures,

    /// <summary>The best of all rows that may be meant, each of which must be judged. As for figures, buffers alone bound them.</summary>
    Ranking,
}
