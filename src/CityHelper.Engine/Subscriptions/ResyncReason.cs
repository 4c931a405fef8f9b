namespace CityHelper.Engine.Subscriptions;

/// <summary>Why a subscription is told to read its query again. Metrics and logs name it.</summary>
internal enum ResyncReason
{
    /// <summary>It starts without a position.</summary>
    Start,

    /// <summary>Its position is of another epoch.</summary>
    Epoch,

    /// <summary>An epoch begins, or more was changed than can be told.</summary>
    Everything,

    /// <summary>Its position is above this server's head, and did not come in time.</summary>
    Ahead,

    /// <summary>The log no longer reaches back to its position.</summary>
    Trimmed,

    /// <summary>It missed more than is replayed.</summary>
    TooMuch,

    /// <summary>The log could not be read, or too many read it.</summary>
    LogBusy,

    /// <summary>More rows were changed than are named, as by an import.</summary>
    Bulk,

    /// <summary>The shape of its area has changed.</summary>
    Area,

    /// <summary>What it missed was redacted since.</summary>
    Redacted,

    /// <summary>It read too slowly.</summary>
    Overflow,

    /// <summary>The rows of its events could not be read.</summary>
    Unread,

    /// <summary>The dispatcher was too far behind, or the log was read anew.</summary>
    Restart,
}
