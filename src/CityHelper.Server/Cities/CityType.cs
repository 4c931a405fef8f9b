using CityHelper.Data.Model;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Server.Cities;

/// <summary><c>City</c>.</summary>
public sealed class CityType : EntityType<City>
{
    public CityType(DatabaseModel database)
        : base(database)
    {
        Description = "A city on the platform.";
        GlobalId("The city's global id.");
        Column(c => c.Slug, "The name in URLs and in the argument `city`, such as `nyc`.");
        Column(c => c.Name, "The name for people.");
        Column(c => c.TimeZone, "IANA time zone, such as `America/New_York`.");
        SameRow("bounds", typeof(BoundsType), "The rectangle around the city.");
        Geometry(c => c.Centre, "Where a map of the city opens.");
        LogPosition(
            "cursor",
            CityLog.Log,
            "The city's place in its change log, as of this answer, which has every change up to it. Later changes are the log's events "
                + "behind it. Opaque.");
    }
}

/// <summary>The bounding rectangle of a city, read from its polygon; also used by other tables with a column of that name.</summary>
public sealed class BoundsType : EntityType<City>
{
    public BoundsType(DatabaseModel database)
        : base(database)
    {
        Name = "Bounds";
        Description = "A rectangle in degrees of WGS 84.";
        Computed<double>("west", "The smallest longitude.", row => $"st_xmin({row}.bounds)", nameof(City.Bounds));
        Computed<double>("south", "The smallest latitude.", row => $"st_ymin({row}.bounds)", nameof(City.Bounds));
        Computed<double>("east", "The largest longitude.", row => $"st_xmax({row}.bounds)", nameof(City.Bounds));
        Computed<double>("north", "The largest latitude.", row => $"st_ymax({row}.bounds)", nameof(City.Bounds));
    }
}
