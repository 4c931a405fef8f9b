using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Cities;

namespace CityHelper.Server.Boundaries;

/// <summary><c>Boundary</c>.</summary>
public sealed class BoundaryType : EntityType<Boundary>
{
    public BoundaryType(DatabaseModel database)
        : base(database)
    {
        Description = "A named area of a city, such as a district or a neighbourhood.";
        GlobalId("The boundary's global id.");
        Column(b => b.Kind, "What it is one of, such as `community-district`.").Sortable();
        Column(b => b.Code, "The source's own key, unique within the city and kind, such as `405`.").Sortable();
        Column(b => b.Name, "The name for people, such as `Queens 5`.").Sortable();
        Geometry(b => b.Geometry, b => b.Outlines, nameof(BoundaryOutline.Zoom), nameof(BoundaryOutline.Geometry),
            "Its shape, in WGS 84 with six decimals.");

        // City has a column of the same name, so one type reads both.
        SameRow(nameof(Boundary.Bounds), typeof(BoundsType), "The rectangle around it.");
    }
}
