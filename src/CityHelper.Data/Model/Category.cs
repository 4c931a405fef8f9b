namespace CityHelper.Data.Model;

/// <summary>What a request is about. The importer creates categories that it does not know yet.</summary>
public sealed class Category
{
    public short CityId { get; init; }

    public int Id { get; init; }

    /// <summary>Slug of the source's type, unique per city: <c>heat-hot-water</c>.</summary>
    public required string Code { get; init; }

    /// <summary>The source's name of the type: <c>HEAT/HOT WATER</c>.</summary>
    public required string Name { get; set; }

    /// <summary>The agency of most requests of the category; a request's own agency may differ.</summary>
    public int? AgencyId { get; set; }

    public Agency? Agency { get; set; }
}
