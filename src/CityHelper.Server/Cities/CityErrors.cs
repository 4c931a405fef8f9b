using CityHelper.Engine;

namespace CityHelper.Server.Cities;

/// <summary>No city has the slug.</summary>
public sealed class CityNotFoundError : RequestError
{
    public CityNotFoundError(string slug)
        : base("No city has this slug: the field `cities` lists the slugs there are.", "CITY_NOT_FOUND")
    {
        Extensions = [new("city", slug)];
    }
}
