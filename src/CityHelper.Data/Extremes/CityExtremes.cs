namespace CityHelper.Data.Extremes;

/// <summary>What stands out in a city's data: what a question may be about that is hardest to answer.</summary>
/// <param name="CityId">The city.</param>
/// <param name="Slug">Its name in URLs.</param>
/// <param name="Requests">How many requests it has.</param>
/// <param name="Boxes">Rectangles, by what they are.</param>
/// <param name="Keys">Values that requests are told apart by, by column; most frequent first.</param>
/// <param name="Named">Requests, by what they are.</param>
/// <param name="SpreadIds">Keys of requests from the oldest to the newest, evenly apart.</param>
/// <param name="Boundaries">Boundaries, by what they are; none when the city has none.</param>
/// <param name="Days">When requests were made; null when there are none.</param>
public sealed record CityExtremes(
    short CityId,
    string Slug,
    long Requests,
    IReadOnlyList<NamedBox> Boxes,
    IReadOnlyDictionary<KeyColumn, IReadOnlyList<FrequentKey>> Keys,
    IReadOnlyList<NamedRequest> Named,
    IReadOnlyList<long> SpreadIds,
    IReadOnlyList<NamedBoundary> Boundaries,
    CreationDays? Days);

/// <summary>What a rectangle is, in the order in which they are tried.</summary>
public enum BoxKind
{
    /// <summary>Where most requests are, as large as a cell of zoom 14.</summary>
    Densest,

    /// <summary>Where most are, as large as a cell of zoom 16.</summary>
    DensestCorner,

    /// <summary>Where none is, as large as a cell of zoom 14; not there when no part is empty.</summary>
    Empty,

    /// <summary>The whole city.</summary>
    Whole,
}

/// <summary>A column of few values.</summary>
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

/// <summary>What a request is, in the order in which they are tried.</summary>
public enum RequestKind
{
    /// <summary>The one with the most changes of its status.</summary>
    MostChanged,

    /// <summary>The newest at the place that has most.</summary>
    MostRepeated,

    /// <summary>The one that was made last.</summary>
    Newest,

    /// <summary>The one that was made first.</summary>
    Oldest,
}

/// <summary>The names that the statements of this folder have for the members of those enums: <c>most repeated</c>.</summary>
public static class ExtremeNames
{
    /// <summary>A member's name: its words in small letters.</summary>
    public static string Of<T>(T member)
        where T : struct, Enum =>
        string.Concat(member.ToString().Select((c, i) => (i > 0 && char.IsUpper(c) ? " " : "") + char.ToLowerInvariant(c)));

    /// <exception cref="InvalidOperationException">No member has the name.</exception>
    internal static T Parse<T>(string name)
        where T : struct, Enum => Enum.GetValues<T>().Single(member => Of(member) == name);
}

/// <summary>A rectangle in degrees.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="West">Smallest longitude.</param>
/// <param name="South">Smallest latitude.</param>
/// <param name="East">Largest longitude.</param>
/// <param name="North">Largest latitude.</param>
public sealed record NamedBox(BoxKind Kind, double West, double South, double East, double North);

/// <summary>A value, and how many requests have it.</summary>
/// <param name="Id">The key of its row; of an enum its label.</param>
/// <param name="Code">What people name it by.</param>
/// <param name="Requests">How many, perhaps none.</param>
public sealed record FrequentKey(string Id, string Code, long Requests);

/// <summary>A request.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Its key.</param>
/// <param name="ExternalId">The source's key, or null.</param>
/// <param name="Place">Longitude and latitude, or null.</param>
/// <param name="Texts">Its columns as text, without those that are null.</param>
public sealed record NamedRequest(
    RequestKind Kind, long Id, string? ExternalId, (double Longitude, double Latitude)? Place, IReadOnlyDictionary<string, string> Texts);

/// <summary>A boundary.</summary>
/// <param name="Name">What it is: <c>largest</c>, <c>most winding</c> (of the most vertices).</param>
/// <param name="Id">Its key.</param>
/// <param name="Code">The source's key.</param>
/// <param name="Title">The name for people.</param>
public sealed record NamedBoundary(string Name, int Id, string Code, string Title);

/// <summary>When requests were made.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
/// <param name="BusiestHour">The beginning of the hour of UTC in which most were.</param>
public sealed record CreationDays(DateTime First, DateTime Last, DateTime BusiestHour);
