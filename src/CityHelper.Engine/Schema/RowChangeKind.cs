using System.ComponentModel;

namespace CityHelper.Engine.Schema;

/// <summary>What a change means to a subscription, judged on the row before and after it.</summary>
[Description("What a change means to a subscription.")]
public enum RowChangeKind
{
    [Description("Nothing was missed since `after`: events go on behind `cursor`. The first event of a subscription is this or `RESYNC`.")]
    Resumed,

    [Description("Read your query again, by POST with the header `CityHelper-At-Least: <cursor>`; events go on behind `cursor`.")]
    Resync,

    [Description("It is new, or is now what the subscription asks for, and was not before.")]
    Entered,

    [Description("It has changed, and is what the subscription asks for, before and after.")]
    Updated,

    [Description("It is no longer what the subscription asks for, was removed, or was redacted.")]
    Left,
}
