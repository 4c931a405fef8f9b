using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>StatusUpdate</c>.</summary>
public sealed class StatusUpdateType : EntityType<StatusUpdate>
{
    public StatusUpdateType(DatabaseModel database)
        : base(database)
    {
        Description = "One change of a request's status.";
        Column(u => u.Status, "The status since then.");
        Column(u => u.SourceStatus, "The status in the source system's own words.");
        Column(u => u.Note, "What the agency said.");
        Column(u => u.CreatedAt, "When the status changed.").Sortable();
    }
}
