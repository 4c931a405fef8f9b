using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.ServiceRequests;

/// <summary><c>Category</c>.</summary>
public sealed class CategoryType : EntityType<Category>
{
    public CategoryType(DatabaseModel database)
        : base(database)
    {
        Description = "What requests are about, such as `Noise - Residential`.";
        GlobalId("The category's global id.");
        Column(c => c.Code, "Short name, unique within the city, such as `noise-residential`.").Sortable();
        Column(c => c.Name, "The source system's own name.").Sortable();
        Reference(c => c.Agency, typeof(AgencyType), "The agency that answers most requests of the category.");
    }
}
