using System.Text;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.Data.Partitions;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Serving;
using Npgsql;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// The stored rows as plain lists: the same objects are written to the database and read by <see cref="OracleInterpreter"/>. There are two
/// cities, to find a statement without a city condition; their ids, codes and external ids overlap on purpose.
/// </summary>
internal sealed class OracleRows
{
    public const string Nyc = "nyc";
    public const string Springfield = "springfield";
    public const short NycId = 1;
    public const short SpringfieldId = 2;
    public const int FirstYear = 2023;
    public const int Years = 4;

    private readonly Dictionary<(short City, int Id), Category> _categories;
    private readonly Dictionary<(short City, int Id), Agency> _agencies;
    private readonly Dictionary<string, object> _byGlobalId = [];
    private readonly ILookup<(short City, int Category), ServiceRequest> _byCategory;
    private readonly ILookup<(short City, int Agency), ServiceRequest> _byAgency;

    private OracleRows(int seed)
    {
        Cities = OracleReferenceRows.Cities;
        Agencies = OracleReferenceRows.Agencies;
        Categories = OracleReferenceRows.Categories;
        Requests = new OracleRequestMaker(new Random(seed)).Make();
        Near = new OracleNear(this);
        _categories = Categories.ToDictionary(c => (c.CityId, c.Id));
        _agencies = Agencies.ToDictionary(a => (a.CityId, a.Id));
        _byCategory = Requests.ToLookup(r => (r.CityId, r.CategoryId));
        _byAgency = Requests.Where(r => r.AgencyId is not null).ToLookup(r => (r.CityId, r.AgencyId!.Value));
        Boundaries = OracleBoundaries.Make(Requests);
        foreach (object row in Cities.Cast<object>().Concat(Agencies).Concat(Categories).Concat(Requests).Concat(Boundaries))
        {
            _byGlobalId.Add(KeyOf(row), row);
        }
    }

    /// <summary>Near and similar requests.</summary>
    public OracleNear Near { get; }

    public IReadOnlyList<City> Cities { get; }

    public IReadOnlyList<Agency> Agencies { get; }

    public IReadOnlyList<Category> Categories { get; }

    public IReadOnlyList<ServiceRequest> Requests { get; }

    public IReadOnlyList<Boundary> Boundaries { get; }

    /// <summary>The same rows for the same seed.</summary>
    public static OracleRows Make(int seed) => new(seed);

    /// <summary>The global id of a row; a status update has none and gets a unique name, so that cursors can be told apart.</summary>
    public static string KeyOf(object row) => row switch
    {
        ServiceRequest r => new GlobalId("ServiceRequest", r.CityId, r.Id).ToString(),
        Category c => new GlobalId("Category", c.CityId, c.Id).ToString(),
        Agency a => new GlobalId("Agency", a.CityId, a.Id).ToString(),
        City c => new GlobalId("City", null, c.Id).ToString(),
        Boundary b => new GlobalId("Boundary", b.CityId, b.Id).ToString(),
        StatusUpdate u => $"StatusUpdate:{u.CityId}:{u.ServiceRequestId}:{u.Id}",
        _ => throw new ArgumentException($"{row.GetType().Name} is no row."),
    };

    public object? Find(string globalId) => _byGlobalId.GetValueOrDefault(globalId);

    public City? CityOf(string slug) => Cities.SingleOrDefault(c => c.Slug == slug);

    public Category CategoryOf(ServiceRequest request) => _categories[(request.CityId, request.CategoryId)];

    public Agency? AgencyOf(ServiceRequest request) => AgencyOf(request.CityId, request.AgencyId);

    public Agency? AgencyOf(Category category) => AgencyOf(category.CityId, category.AgencyId);

    /// <summary>The request that another one is a duplicate of.</summary>
    public ServiceRequest? DuplicatedBy(ServiceRequest request) => request.DuplicateOf is { } id
        ? (ServiceRequest?)Find(new GlobalId("ServiceRequest", request.CityId, id).ToString())
        : null;

    public IEnumerable<ServiceRequest> RequestsOf(Category category) => _byCategory[(category.CityId, category.Id)];

    public IEnumerable<ServiceRequest> RequestsOf(Agency agency) => _byAgency[(agency.CityId, agency.Id)];

    /// <summary>The boundaries of its city that hold its point, edges included.</summary>
    public IEnumerable<Boundary> BoundariesOf(ServiceRequest request) => Boundaries.Where(b =>
        b.CityId == request.CityId && request.Location is { } point && b.Geometry.Intersects(point));

    /// <summary>All rows of a type in a city.</summary>
    public IEnumerable<object> Of(string type, short city) => type switch
    {
        "ServiceRequest" => Requests.Where(r => r.CityId == city),
        "Category" => Categories.Where(c => c.CityId == city),
        "Agency" => Agencies.Where(a => a.CityId == city),
        "Boundary" => Boundaries.Where(b => b.CityId == city),
        "StatusUpdate" => Requests.Where(r => r.CityId == city).SelectMany(r => r.Updates),
        _ => throw new ArgumentException($"No rows of type {type}."),
    };

    /// <summary>Compares texts by code point: the order of UTF-8 bytes, not that of .NET's UTF-16 units.</summary>
    public static int CompareTexts(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    /// <summary>Writes the rows as production code does.</summary>
    public async Task StoreAsync(string database)
    {
        await using (NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database))
        {
            var directory = new CityDirectory(dataSource, TimeProvider.System);
            var partitions = new CityPartitions(dataSource, TimeProvider.System);
            foreach (City city in Cities)
            {
                CityAddOutcome outcome = await directory.AddAsync(OracleReferenceRows.FactsOf(city));
                if (outcome.CityId != city.Id)
                {
                    throw new InvalidOperationException($"{city.Slug} became city {outcome.CityId}: {string.Join(' ', outcome.Problems)}");
                }

                await partitions.EnsureYearsAsync(city.Id, Enumerable.Range(FirstYear, Years));
            }

            await using CityHelperContext context = RequestRows.Context(dataSource);
            context.Agencies.AddRange(Agencies);
            context.Categories.AddRange(Categories);
            context.Boundaries.AddRange(Boundaries);
            await context.SaveChangesAsync();
            await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync();
            foreach ((short city, string kind) in Boundaries.Select(b => (b.CityId, b.Kind)).Distinct())
            {
                await DerivedShapes.WritePartsAsync(connection, city, kind);
            }
        }

        // Also fills the table of external ids and vacuums.
        await RequestRows.AddAsync(database, Requests);
    }

    private Agency? AgencyOf(short city, int? id) => id is { } known ? _agencies[(city, known)] : null;
}
