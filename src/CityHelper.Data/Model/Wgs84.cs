namespace CityHelper.Data.Model;

/// <summary>The coordinate reference system of all geometries: degrees, longitude first.</summary>
public static class Wgs84
{
    /// <summary>Its number in PostGIS and EPSG.</summary>
    public const int Srid = 4326;
}
