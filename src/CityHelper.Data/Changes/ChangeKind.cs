namespace CityHelper.Data.Changes;

/// <summary>What an event of the change log is about. The order is that of the database type <c>change_kind</c>.</summary>
public enum ChangeKind
{
    /// <summary>One request: made, changed or removed.</summary>
    Request,

    /// <summary>More requests than are named, as in an import: those in some cells, or all.</summary>
    Bulk,

    /// <summary>Categories or agencies: added or renamed.</summary>
    Reference,

    /// <summary>The city's boundaries.</summary>
    Boundary,

    /// <summary>The city itself: added, renamed.</summary>
    City,

    /// <summary>An operator demands that answers are read again.</summary>
    Purge,

    /// <summary>Texts and place of a request are removed for good.</summary>
    Redaction,

    /// <summary>An epoch begins: everything before it may be wrong.</summary>
    Epoch,
}
