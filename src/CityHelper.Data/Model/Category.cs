namespace CityHelper.Data.Model;

/// <summary>What a request is about. Created on sight by the importer.</summary>
public sealed class Category
{
    public short CityId { get; init; }

    public int Id { get; init; }

    /// <summary>Slug of the source's type, unique per city: <c>heat-hot-water</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The source's own name of the type: <c>HEAT/HOT WATER</c>.</summary>
    public required string Name { get; set; }

    /// <summary>The agency that answers most requests of the category; a request's own agency may differ.</summary>
    public int? AgencyId { get; set; }

    public Agency? Agency { get; set; }
}
