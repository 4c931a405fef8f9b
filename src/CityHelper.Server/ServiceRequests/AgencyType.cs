using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Agency</c>.</summary>
public sealed class AgencyType : EntityType<Agency>
{
    public AgencyType(DatabaseModel database)
        : base(database)
    {
        Description = "A department of a city that answers requests.";
        GlobalId("The agency's global id.");
        Column(a => a.Code, "Short name, unique within the city, such as `NYPD`.").Sortable();
        Column(a => a.Name, "The name for people.").Sortable();
    }
}
