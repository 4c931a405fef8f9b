namespace CityHelper.Data.WorstCases;

/// <summary>The values of a city's data that make queries expensive.</summary>
/// <param name="CityId">The city.</param>
/// <param name="Slug">Its name in URLs.</param>
/// <param name="Requests">How many requests it has.</param>
/// <param name="Boxes">Rectangles, by kind.</param>
/// <param name="Keys">Values that requests are filtered by, per column; most frequent first.</param>
/// <param name="Named">Requests, by kind.</param>
/// <param name="SpreadIds">Keys of requests, evenly spaced from the oldest to the newest.</param>
/// <param name="Boundaries">Boundaries, by name; none when the city has none.</param>
/// <param name="Days">When requests were created; null when there are none.</param>
public sealed record CityWorstCases(
    short CityId,
    string Slug,
    long Requests,
    IReadOnlyList<NamedBox> Boxes,
    IReadOnlyDictionary<KeyColumn, IReadOnlyList<FrequentKey>> Keys,
    IReadOnlyList<NamedRequest> Named,
    IReadOnlyList<long> SpreadIds,
    IReadOnlyList<NamedBoundary> Boundaries,
    CreationDays? Days);

/// <summary>The kind of a rectangle, in the order in which they are tried.</summary>
public enum BoxKind
{
    /// <summary>The cell of zoom 14 with the most requests.</summary>
    Densest,

    /// <summary>The cell of zoom 16 with the most requests.</summary>
    DensestCorner,

    /// <summary>A cell of zoom 14 without requests; missing when every cell has some.</summary>
    Empty,

    /// <summary>The whole city.</summary>
    Whole,
}

/// <summary>A column with few distinct values.</summary>
public enum KeyColumn
{
    /// <summary>The agency of requests.</summary>
    Agency,

    /// <summary>The category of requests.</summary>
    Category,

    /// <summary>The kind of boundaries.</summary>
    Kind,

    /// <summary>The status of requests.</summary>
    Status,
}

/// <summary>The kind of a request, in the order in which they are tried.</summary>
public enum RequestKind
{
    /// <summary>The one with the most changes of status.</summary>
    MostChanged,

    /// <summary>The newest at the location with the most requests.</summary>
    MostRepeated,

    /// <summary>The one created last.</summary>
    Newest,

    /// <summary>The one created first.</summary>
    Oldest,
}

/// <summary>The names that this folder's SQL uses for members of these enums: <c>most repeated</c>.</summary>
public static class WorstCaseNames
{
    /// <summary>A member's name: its words in lower case.</summary>
    public static string Of<T>(T member)
        where T : struct, Enum =>
        string.Concat(member.ToString().Select((c, i) => (i > 0 && char.IsUpper(c) ? " " : "") + char.ToLowerInvariant(c)));

    /// <exception cref="InvalidOperationException">No member has the name.</exception>
    internal static T Parse<T>(string name)
        where T : struct, Enum => Enum.GetValues<T>().Single(member => Of(member) == name);
}

/// <summary>A rectangle in degrees.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="West">Smallest longitude.</param>
/// <param name="South">Smallest latitude.</param>
/// <param name="East">Largest longitude.</param>
/// <param name="North">Largest latitude.</param>
public sealed record NamedBox(BoxKind Kind, double West, double South, double East, double North);

/// <summary>A value, and how many rows have it: requests, or boundaries for <see cref="KeyColumn.Kind"/>.</summary>
/// <param name="Id">The key of its row, or the label of an enum value.</param>
/// <param name="Code">Its code, as people write it.</param>
/// <param name="Requests">How many, possibly none.</param>
public sealed record FrequentKey(string Id, string Code, long Requests);

/// <summary>A request.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Id">Its key.</param>
/// <param name="ExternalId">The source's key, or null.</param>
/// <param name="Location">Longitude and latitude, or null.</param>
/// <param name="Texts">Its columns as text, without nulls.</param>
public sealed record NamedRequest(
    RequestKind Kind,
    long Id,
    string? ExternalId,
    (double Longitude, double Latitude)? Location,
    IReadOnlyDictionary<string, string> Texts);

/// <summary>A boundary.</summary>
/// <param name="Name">Its kind: <c>largest</c>, <c>most winding</c> (with the most vertices).</param>
/// <param name="Id">Its key.</param>
/// <param name="Code">The source's key.</param>
/// <param name="Title">Display name.</param>
public sealed record NamedBoundary(string Name, int Id, string Code, string Title);

/// <summary>When requests were created.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
/// <param name="BusiestHour">The start, in UTC, of the hour in which most were created.</param>
public sealed record CreationDays(DateTime First, DateTime Last, DateTime BusiestHour);
