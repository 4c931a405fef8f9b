using NetTopologySuite.Geometries;

namespace CityHelper.Data.Model;

/// <summary>A named area of a city: a district, a neighbourhood, a borough.</summary>
public sealed class Boundary
{
    public short CityId { get; init; }

    public int Id { get; init; }

    /// <summary>For example <c>community-district</c>. Lower-case letters, digits, dashes.</summary>
    public required string Kind { get; init; }

    /// <summary>The source's key, else a slug of the name; unique per city and kind.</summary>
    public required string Code { get; init; }

    /// <summary>Display name: <c>Queens 5</c>.</summary>
    public required string Name { get; set; }

    /// <summary>SRID 4326, longitude first; valid, shells counter-clockwise (RFC 7946).</summary>
    public required MultiPolygon Geometry { get; set; }

    /// <summary>Its bounding rectangle, computed by the database.</summary>
    public Polygon Bounds { get; private set; } = null!;

    /// <summary>The revision of the city's boundaries that last wrote the row.</summary>
    public long Revision { get; set; }

    /// <summary>Whether it is small enough to have counters; computed by the database.</summary>
    public bool IsCounted { get; private set; }

    public ICollection<BoundaryOutline> Outlines { get; init; } = [];

    public ICollection<BoundaryPart> Parts { get; init; } = [];
}

/// <summary>A boundary's geometry with fewer vertices, for maps up to a zoom.</summary>
public sealed class BoundaryOutline
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    /// <summary>The Web Mercator zoom at which it is accurate to about half a pixel.</summary>
    public short Zoom { get; init; }

    public required MultiPolygon Geometry { get; init; }
}

/// <summary>A piece of a boundary's geometry, small enough to be tested quickly. Pieces meet at their edges.</summary>
public sealed class BoundaryPart
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    public int Number { get; init; }

    public required Polygon Geometry { get; init; }
}
