namespace CityHelper.Tests.Changes.Model;

/// <summary>A mistake that somebody could make, in the model's ports or activities: the invariants must find each.</summary>
public enum PlantedFault
{
    None,

    /// <summary>A writer takes its number in its own transaction.</summary>
    NumberingBeforeCommit,

    /// <summary>Numbering does not take the city's lock.</summary>
    NumberingWithoutLock,

    /// <summary>An answer reads its position after its data.</summary>
    PositionAfterData,

    /// <summary>A writer takes the outbox id before it has locked its row.</summary>
    OutboxBeforeRow,

    /// <summary>The script appends whatever has a higher id.</summary>
    AppendWithoutCheck,

    /// <summary>The script compares numbers and not ids.</summary>
    AppendByNumberAlone,

    /// <summary>Numbering goes on in the old epoch on another timeline.</summary>
    PromotionInSameEpoch,

    /// <summary>The pulse does not see what a dead writer left.</summary>
    LostWakeUp,

    /// <summary>An import commits its rows, and its events in another transaction.</summary>
    EventOutsideBatch,

    /// <summary>Freshness counts from the pulse's answer.</summary>
    FreshnessFromAnswer,

    /// <summary>A stream is begun anew without comparing its end.</summary>
    LateReset,

    /// <summary>A witness is said to be lost that is held.</summary>
    FalseWitness,

    /// <summary>A witness is said to be held that is lost.</summary>
    MissedWitness,

    /// <summary>An epoch's number is the last one's plus one: a promotion that loses an epoch lets it be given again.</summary>
    EpochGivenAgain,

    /// <summary>A stream that is begun anew keeps what it held, and with it what a redaction took.</summary>
    ResetKeepsOld,

    /// <summary>An answer that is stored reads its position after its data.</summary>
    StoredPositionAfterData,

    /// <summary>An answer of two batches has the larger of their positions.</summary>
    LargerPosition,

    /// <summary>An answer by id does not depend on imports that name no ids.</summary>
    BulkForgotten,

    /// <summary>A request that moves ends only the answers about its new place.</summary>
    OldCellForgotten,

    /// <summary>A shape of one revision of the boundaries is stored with rows of another.</summary>
    ShapeNotChecked,

    /// <summary>Whoever needs a later position joins an execution all the same.</summary>
    JoinedBelow,

    /// <summary>An answer of a replica is served that lacks a change which the server knows.</summary>
    LaggingAnswerServed,

    /// <summary>A failure answers for longer than it may.</summary>
    FailureKeptTooLong,

    /// <summary>A stored answer of another epoch is judged by its number.</summary>
    EpochIgnored,

    /// <summary>A stored answer of another build is served.</summary>
    BuildIgnored,

    /// <summary>A stored answer with cursors of another key is served.</summary>
    CursorKeyIgnored,

    /// <summary>An event that a redaction emptied ends only what it still names.</summary>
    EmptiedEventNamed,
}
