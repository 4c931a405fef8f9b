using System.Runtime.CompilerServices;
using System.Text.Json;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Subscriptions;

namespace CityHelper.Server.Subscriptions;

/// <summary>The events of the change log as subscriptions see them.</summary>
internal static class ChangedRows
{
    // An event is seen by its dispatcher, and again by each subscription that replays it.
    private static readonly ConditionalWeakTable<ChangeEvent, RowChange> s_known = [];

    private static readonly Dictionary<ServiceRequestStatus, string> s_labels = Enum.GetValues<ServiceRequestStatus>().ToDictionary(
        status => status, status => JsonNamingPolicy.SnakeCaseUpper.ConvertName(status.ToString()));

    /// <summary>What an event tells subscriptions.</summary>
    public static RowChange Of(ChangeEvent change) => s_known.GetValue(change, Make);

    private static RowChange Make(ChangeEvent change) =>
        new(new LogPosition(change.Epoch, change.Number), ScopeOf(change))
        {
            At = change.RecordedAt,
            RowKey = change.ServiceRequestId,
            Before = StateOf(change.Before),
            After = StateOf(change.After),
            Cells = change.Cells,
        };

    private static RowChangeScope ScopeOf(ChangeEvent change) => change switch
    {
        { IsAll: true } or { Kind: ChangeKind.Epoch } => RowChangeScope.All,
        { Kind: ChangeKind.Request, ServiceRequestId: not null } => RowChangeScope.Row,
        { Kind: ChangeKind.Redaction, ServiceRequestId: not null } => RowChangeScope.Redaction,
        { Kind: ChangeKind.Boundary } => RowChangeScope.Areas,
        { Kind: ChangeKind.Bulk or ChangeKind.Purge } => RowChangeScope.Several,

        // Names of categories and of the city itself are in no event.
        { Kind: ChangeKind.Reference or ChangeKind.City } => RowChangeScope.None,
        _ => RowChangeScope.All,
    };

    // In the order of ServiceRequestSubscriptions.Columns.
    private static RowState? StateOf(ChangedRequest? request) => request is null ? null : new RowState(
        [s_labels[request.Status], (long)request.CategoryId, (long?)request.AgencyId],
        request.Location is { IsEmpty: false } point ? point.X : null,
        request.Location is { IsEmpty: false } place ? place.Y : null);
}
