namespace CityHelper.Data.Model;

/// <summary>A department of a city that handles requests.</summary>
public sealed class Agency
{
    public short CityId { get; init; }

    public int Id { get; init; }

    /// <summary>The source's short name, unique per city: <c>NYPD</c>.</summary>
    public required string Code { get; init; }

    public required string Name { get; set; }
}
