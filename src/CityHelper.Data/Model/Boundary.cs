using NetTopologySuite.Geometries;

namespace CityHelper.Data.Model;

/// <summary>A named area of a city: a district, a neighbourhood, a borough.</summary>
public sealed class Boundary
{
    public short CityId { get; init; }

    public int Id { get; init; }

    /// <summary>What it is one of: <c>community-district</c>. Lower-case letters, digits, dashes.</summary>
    public required string Kind { get; init; }

    /// <summary>The source's own key, else a slug of the name; unique per city and kind.</summary>
    public required string Code { get; init; }

    /// <summary>For people: <c>Queens 5</c>.</summary>
    public required string Name { get; set; }

    /// <summary>SRID 4326, longitude first; valid, shells counter-clockwise (RFC 7946).</summary>
    public required MultiPolygon Geometry { get; set; }

    /// <summary>The rectangle around it, computed by the database.</summary>
    public Polygon Bounds { get; private set; } = null!;

    /// <summary>The revision of the city's boundaries in which the row was last written.</summary>
    public long Revision { get; set; }

    /// <summary>Whether it is small enough for counters of its own; computed by the database.</summary>
    public bool IsCounted { get; private set; }

    public ICollection<BoundaryOutline> Outlines { get; init; } = [];

    public ICollection<BoundaryPart> Parts { get; init; } = [];
}

/// <summary>A boundary's shape with fewer vertices, for maps up to a zoom.</summary>
public sealed class BoundaryOutline
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    /// <summary>The Web Mercator zoom at which it is exact to about half a pixel.</summary>
    public short Zoom { get; init; }

    public required MultiPolygon Geometry { get; init; }
}

/// <summary>A piece of a boundary's shape, small enough to be tested quickly. Pieces meet at their edges.</summary>
public sealed class BoundaryPart
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    public int Number { get; init; }

    public required Polygon Geometry { get; init; }
}
