using System.Globalization;
using System.Text.Json;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>Values of a city, to generate requests from.</summary>
/// <param name="Categories">Codes of its categories.</param>
/// <param name="CategoryIds">Their ids.</param>
/// <param name="Agencies">Codes of its agencies.</param>
/// <param name="Boundaries">Ids of its boundaries.</param>
/// <param name="Requests">A sample of its requests.</param>
internal sealed record CostCity(
    IReadOnlyList<string> Categories,
    IReadOnlyList<string> CategoryIds,
    IReadOnlyList<string> Agencies,
    IReadOnlyList<string> Boundaries,
    IReadOnlyList<SampledRequest> Requests)
{
    public const string Slug = "nyc";

    /// <summary>The most frequent of its categories, and of its agencies.</summary>
    public const string LargestCategory = "noise-residential";
    public const string LargestAgency = "NYPD";

    private const int Moments = 12;

    /// <summary>The generated requests are of the three years before this time.</summary>
    public static DateTimeOffset Until { get; } = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset From { get; } = Until.AddDays(-3 * 365);

    /// <summary>Reads the values.</summary>
    /// <param name="ask">Sends a text and returns its answer's data.</param>
    public static async Task<CostCity> ReadAsync(Func<string, Task<JsonElement>> ask)
    {
        JsonElement city = (
            await ask(
                $"{{ city(slug: \"{Slug}\") {{ categories(first: 100) {{ nodes {{ id code }} }} agencies(first: 100) {{ nodes {{ code }} "
                    + $"}} boundaries(first: 100) {{ nodes {{ id }} }} }} }}")).GetProperty("city");
        var requests = new List<SampledRequest>();
        for (int i = 0; i < Moments; i++)
        {
            string before = TextOf(From.AddDays((i + 1) * (Until - From).TotalDays / Moments));
            JsonElement page = await ask(
                $"{{ serviceRequests(city: \"{Slug}\", first: 100, where: {{createdAt: {{lt: \"{before}\"}}}}) {{ nodes {{ id externalId "
                    + $"title address createdAt location {{ coordinates }} }} }} }}");
            requests.AddRange(
                page.GetProperty("serviceRequests")
                    .GetProperty("nodes")
                    .EnumerateArray()
                    .Where(r =>
                        r.GetProperty("location").ValueKind == JsonValueKind.Object
                        && r.GetProperty("externalId").ValueKind == JsonValueKind.String)
                    .Select(SampledRequest.Of));
        }

        return new CostCity(
            Texts(city, "categories", "code"),
            Texts(city, "categories", "id"),
            Texts(city, "agencies", "code"),
            Texts(city, "boundaries", "id"),
            requests);
    }

    public static string TextOf(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string[] Texts(JsonElement city, string list, string member) =>
        [.. city.GetProperty(list).GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty(member).GetString()!)];
}

/// <summary>A request of the city.</summary>
internal sealed record SampledRequest(
    string Id, string ExternalId, string Title, string Address, string CreatedAt, double Longitude, double Latitude)
{
    public static SampledRequest Of(JsonElement node)
    {
        JsonElement at = node.GetProperty("location").GetProperty("coordinates");
        string Text(string member) => node.GetProperty(member).GetString() ?? "";
        return new(Text("id"), Text("externalId"), Text("title"), Text("address"), Text("createdAt"), at[0].GetDouble(), at[1].GetDouble());
    }
}
