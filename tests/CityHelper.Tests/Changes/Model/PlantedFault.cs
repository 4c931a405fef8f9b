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
}
