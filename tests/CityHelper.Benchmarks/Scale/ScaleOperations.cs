using System.Text.Json;
using CityHelper.Engine.Clients;

namespace CityHelper.Benchmarks.Scale;

/// <summary>An operation that is measured in every city.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Persisted">The web client's operation; null for free text.</param>
/// <param name="Text">The document.</param>
/// <param name="Variables">The variables of different requests, which take turns.</param>
internal sealed record ScaleOperation(string Name, ManifestOperation? Persisted, string Text, IReadOnlyList<object> Variables)
{
    public Question[] Questions(Uri server) => [.. Variables.Select(v => Persisted is null
        ? Question.FreeText(server, Text, v)
        : Question.Persisted(server, Persisted.Id, Persisted.Name, v))];
}

/// <summary>
/// The measured operations: the same in every city, and such that the smallest one fills the pages too, unless the name says "few rows".
/// Otherwise a small city would return its whole history and a large one its last days.
/// </summary>
internal sealed class ScaleOperations
{
    public const string City = "nyc";

    /// <summary>The kind of the one boundary that is measured.</summary>
    public const string DistrictKind = "measured";

    private const int PageRows = 50;
    private const int DeepPage = 200;
    private const int DetailCount = 100;

    /// <summary>The largest distance that a nearby search may have.</summary>
    private const double NearbyMetres = 5_000;

    /// <summary>3 rows in 1,000.</summary>
    private const string RareCategory = "air-quality";

    /// <summary>8 rows in 100,000.</summary>
    private const string RarestCategory = "radioactive-material";

    private const string CommonCategory = "noise-residential";

    // Without nested lists, whose cost would hide that of the access path; the nested list is measured separately.
    private const string ListText =
        """
        query($where: ServiceRequestFilterInput, $order: [ServiceRequestSortInput!]) {
          serviceRequests(city: "nyc", first: 50, where: $where, order: $order) {
            nodes { id title status createdAt updatedAt category { code name } }
            pageInfo { hasNextPage endCursor } } }
        """;

    private const string CategoriesText =
        """{ city(slug: "nyc") { categories(first: 20) { nodes { code serviceRequests(first: 3) { nodes { title } } } } } }""";

    private const string CountsText =
        """
        query($within: AreaInput, $where: ServiceRequestFilterInput) {
          serviceRequestStats(city: "nyc", within: $within, where: $where) {
            total open byStatus { status count } byCategory { category { code } count } byAgency { agency { code } count } } }
        """;

    private const string DaysText =
        """query($where: ServiceRequestFilterInput) { serviceRequestStats(city: "nyc", where: $where) { byDay { period count } } }""";

    private const string MonthsText =
        """query($within: AreaInput) { serviceRequestStats(city: "nyc", within: $within) { byMonth { period count } } }""";

    private const string DurationsText =
        """
        query($within: AreaInput, $where: ServiceRequestFilterInput) {
          serviceRequestStats(city: "nyc", within: $within, where: $where) { timeToClose { medianSeconds p90Seconds } } }
        """;

    private const string NodeText = "query($id: ID!) { node(id: $id) { id ... on ServiceRequest { title status createdAt } } }";

    private const string DuplicatesText =
        """{ serviceRequests(city: "nyc", first: 20) { nodes { possibleDuplicates(first: 3) """
            + """{ score distanceMetres serviceRequest { id } } } } }""";

    private static readonly object s_timesSquare = new { longitude = -73.9855, latitude = 40.758 };
    private static readonly object s_midtown = new { west = -73.995, south = 40.745, east = -73.965, north = 40.765 };
    private static readonly object s_queens = new { west = -73.87, south = 40.70, east = -73.85, north = 40.72 };
    private static readonly object s_wholeCity = new { west = -74.3, south = 40.45, east = -73.65, north = 40.95 };
    private static readonly object s_manhattan = new { west = -74.02, south = 40.70, east = -73.93, north = 40.80 };

    /// <summary>Near the largest area that a covering of cells still allows.</summary>
    private static readonly object s_thirdOfCity = new { west = -74.02, south = 40.62, east = -73.78, north = 40.80 };

    /// <summary>The outline of a district: Queens 4, the densest of its borough.</summary>
    private static readonly double[][] s_district =
    [
        [-73.8475, 40.739], [-73.8478, 40.7393], [-73.8476, 40.7397], [-73.8478, 40.74], [-73.8501, 40.7407], [-73.8536, 40.7475],
        [-73.8544, 40.7489], [-73.8505, 40.7501], [-73.8519, 40.7528], [-73.8611, 40.75], [-73.8694, 40.7492], [-73.8704, 40.7491],
        [-73.8944, 40.7465], [-73.8913, 40.7414], [-73.8877, 40.7343], [-73.8863, 40.7306], [-73.8856, 40.7283], [-73.8813, 40.7287],
        [-73.8801, 40.7289], [-73.8763, 40.7303], [-73.8751, 40.7307], [-73.8693, 40.7324], [-73.8645, 40.734], [-73.8563, 40.7364],
        [-73.8524, 40.7372], [-73.8513, 40.7375], [-73.8496, 40.7381], [-73.8475, 40.739],
    ];

    /// <summary>The same outline as a file of boundaries.</summary>
    public static string DistrictFeature { get; } =
        JsonSerializer.Serialize(
            new
            {
                type = "FeatureCollection",
                features = new[]
                {
                    new
                    {
                        type = "Feature",
                        properties = new { name = "Queens 4" },
                        geometry = new { type = "Polygon", coordinates = new[] { s_district } },
                    },
                },
            }
        );

    private static readonly object s_inDistrict = new { polygon = new { type = "Polygon", coordinates = new[] { s_district } } };
    private static readonly object s_lastYear = new { createdAt = new { gte = "2025-11-01T04:00:00Z", lt = "2026-11-01T04:00:00Z" } };

    /// <summary>A calendar year, for which cells have counters.</summary>
    private static readonly object s_calendarYear = new { createdAt = new { gte = "2025-01-01T05:00:00Z", lt = "2026-01-01T05:00:00Z" } };

    private static readonly object s_pending = new { status = new { eq = "PENDING" } };

    private readonly OperationManifest _manifest =
        OperationManifest.Read(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName));

    /// <summary>All operations.</summary>
    /// <param name="client">Finds the cursor of the deep page and ids for the details.</param>
    /// <param name="server">The server over the city.</param>
    public async Task<IReadOnlyList<ScaleOperation>> AllAsync(HttpClient client, Uri server)
    {
        (string deepCursor, string[] ids) = await WalkAsync(client, server);
        object district = new { boundary = await DistrictAsync(client, server) };
        return
        [
            Map("map, no filter, Midtown", s_midtown, null),
            Map("map, status PENDING, Manhattan", s_manhattan, s_pending),
            Map("map, rare category (0.3 %), third of the city", s_thirdOfCity, OfCategory(RareCategory)),
            Map("map, rarest category, Midtown (few rows)", s_midtown, OfCategory(RarestCategory)),
            Web("deep page: 200th of 50, with updates", "ServiceRequestList", new { city = City, first = PageRows, after = deepCursor }),
            Web("detail", "ServiceRequestDetail", [.. ids.Select(id => new { city = City, id })]),
            Web("first page, with updates", "ServiceRequestList", new { city = City, first = PageRows }),
            Text("list, common category", ListText, new { where = OfCategory(CommonCategory) }),
            Text("list, PENDING by updatedAt", ListText, new { where = s_pending, order = new[] { new { updatedAt = "DESC" } } }),
            Text("list by category name", ListText, new { order = new[] { new { category = new { name = "ASC" } } } }),
            Text("20 categories, 3 requests each", CategoriesText, new { }),
            Web("statistics of the city, a year", "ServiceRequestStats", new { city = City, where = s_lastYear }),
            Text("counts of the city, a year", CountsText, new { where = s_lastYear }),
            Text("city by day, a year", DaysText, new { where = s_lastYear }),
            Text("counts of Midtown, 2025", CountsText, new { within = new { viewport = s_midtown }, where = s_calendarYear }),
            Text("counts of a district by its id, a year", CountsText, new { within = district, where = s_lastYear }),
            Text("counts of a district by its id, all years", CountsText, new { within = district }),
            Text("months of a district by its id", MonthsText, new { within = district }),
            Text("counts of a drawn district, 2025", CountsText, new { within = s_inDistrict, where = s_calendarYear }),
            Text("counts of Midtown, a year", CountsText, new { within = new { viewport = s_midtown }, where = s_lastYear }),
            Text("counts of a viewport in Queens, a year", CountsText, new { within = new { viewport = s_queens }, where = s_lastYear }),
            Text("counts of a drawn district, a year", CountsText, new { within = s_inDistrict, where = s_lastYear }),
            Text("counts of a drawn district, all years", CountsText, new { within = s_inDistrict }),
            Text("times until closing in a district, a year", DurationsText, new { within = s_inDistrict, where = s_lastYear }),
            Web("clusters of the city at zoom 11", "ServiceRequestClusters", new { city = City, viewport = s_wholeCity, zoom = 11 }),
            Text("overdue in the city", "{ serviceRequestStats(city: \"nyc\") { overdue } }", new { }),
            Web("nearest 20 in Midtown", "NearbyServiceRequests", new { city = City, to = s_timesSquare }),
            Web(
                "nearest 20, rare category",
                "NearbyServiceRequests",
                new
                {
                    city = City,
                    to = s_timesSquare,
                    withinMetres = NearbyMetres,
                    where = OfCategory(RareCategory),
                }
            ),
            Web(
                "candidates of a form",
                "DuplicateCandidates",
                new
                {
                    city = City,
                    category = CommonCategory,
                    location = s_timesSquare,
                }
            ),
            Text("possible duplicates of 20 rows", DuplicatesText, new { }),
            Text("node", NodeText, [.. ids.Select(id => new { id })]),
        ];
    }

    private static object OfCategory(string code) => new { category = new { code = new { eq = code } } };

    private ScaleOperation Map(string name, object viewport, object? where) =>
        Web(name, "ServiceRequestMap", new { city = City, viewport, first = PageRows, where });

    private ScaleOperation Web(string name, string operation, params object[] variables)
    {
        ManifestOperation persisted = _manifest.Operations.Single(o => o.Client == "web" && o.Name == operation);
        return new ScaleOperation(name, persisted, persisted.Body, variables);
    }

    private static ScaleOperation Text(string name, string text, params object[] variables) => new(name, null, text, variables);

    private static async Task<string> DistrictAsync(HttpClient client, Uri server)
    {
        Question question = Question.FreeText(
            server, $$"""{ boundaries(city: "{{City}}", kind: "{{DistrictKind}}", first: 1) { nodes { id } } }""", new { });
        using HttpResponseMessage response = await client.SendAsync(question.ToMessage());
        using JsonDocument answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
        return answer.RootElement.GetProperty("data").GetProperty("boundaries").GetProperty("nodes")[0].GetProperty("id").GetString()!;
    }

    // Reads page by page, as a client does, and takes an id from every second page, so that no two are neighbours.
    private async Task<(string Cursor, string[] Ids)> WalkAsync(HttpClient client, Uri server)
    {
        string? cursor = null;
        var ids = new List<string>();
        for (int page = 1; page < DeepPage; page++)
        {
            Question question = Web("", "ServiceRequestList", new { city = City, first = PageRows, after = cursor }).Questions(server)[0];
            using JsonDocument answer = JsonDocument.Parse(await client.GetStringAsync(question.Url));
            JsonElement list = answer.RootElement.GetProperty("data").GetProperty("serviceRequests");
            cursor = list.GetProperty("pageInfo").GetProperty("endCursor").GetString();
            if (page % (DeepPage / DetailCount) == 1)
            {
                ids.Add(list.GetProperty("nodes")[0].GetProperty("id").GetString()!);
            }
        }

        return (cursor!, [.. ids]);
    }
}
