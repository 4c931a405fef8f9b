using System.Globalization;
using System.Text;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Tags;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A question about a city: what its answer depends on, and what answers it in a state of the database.</summary>
/// <param name="name">The address it is sent to.</param>
internal abstract class ModelQuestion(string name)
{
    /// <summary>The city that is asked about.</summary>
    public const short City = 1;

    private static readonly Tag s_names = new(TagKind.Reference);

    public static IReadOnlyList<ModelQuestion> All { get; } =
    [
        new OfMap("map of 16", [1], 16), new OfMap("map beside it", [3], 16), new OfMap("map of 14", [1], 14),
        new OfMap("map of 12", [1], 12), new OfMap("map of two cells", [4, 5], 14),
        new OfRequest(1), new OfRequest(2), new OfRequest(3), new OfList(), new OfArea(), new OfNames(), new OfBoundaries(),
    ];

    public static ModelQuestion OfRequestId(long id) => All.Single(question => question is OfRequest request && request.Id == id);

    public string Name => name;

    public Question Key { get; } = new("client", name);

    /// <summary>Whether it names a boundary, whose shape is looked up first.</summary>
    public virtual bool HasShape => false;

    public bool IsOfRows { get; private init; }

    /// <summary>Batches that read it, each a part of the answer.</summary>
    public virtual int Parts => 1;

    /// <summary>What its answer depends on.</summary>
    /// <param name="shape">The shape that was looked up; null where it is not known, and then its cells are missing.</param>
    /// <param name="fault">What is planted.</param>
    public abstract Tag[] TagsOf(ModelArea? shape, PlantedFault fault);

    /// <summary>A part of the answer.</summary>
    /// <param name="city">The city's tables.</param>
    /// <param name="shape">The shape that rows must lie in.</param>
    /// <param name="part">Which part.</param>
    public abstract string PartOf(ModelState.CityTables city, ModelArea shape, int part);

    public override string ToString() => name;

    private static string Rows(ModelState.CityTables city, Func<long, ModelRequest, bool> isIn)
    {
        var text = new StringBuilder();
        foreach ((long id, ModelRequest request) in city.Requests.OrderBy(row => row.Key))
        {
            if (isIn(id, request))
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{id}={request.Text}@{request.Place}/{city.Names.GetValueOrDefault(request.Category)} ");
            }
        }

        return text.ToString();
    }

    /// <summary>The requests in some cells of a zoom.</summary>
    private sealed class OfMap(string name, int[] places, int zoom) : ModelQuestion(name)
    {
        private readonly long[] _cells = ModelPlaces.CellsOf(places, zoom);

        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) =>
            [Tag.All, s_names, .. _cells.Select(cell => new Tag(TagKind.Cell, cell))];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) =>
            Rows(city, (_, request) => ModelPlaces.CellOf(request.Place, zoom) is { } cell && _cells.Contains(cell));
    }

    /// <summary>A request by its id.</summary>
    private sealed class OfRequest(long id) : ModelQuestion($"request {id}")
    {
        public long Id => id;

        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) => fault == PlantedFault.BulkForgotten
            ? [Tag.All, s_names, new(TagKind.Row, id)]
            : [Tag.All, s_names, new(TagKind.Row, id), new(TagKind.Bulk)];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) => Rows(city, (row, _) => row == id);
    }

    /// <summary>All requests, in a page that a second batch completes.</summary>
    private sealed class OfList : ModelQuestion
    {
        public OfList()
            : base("list") => IsOfRows = true;

        public override int Parts => 2;

        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) => [Tag.All, s_names, new(TagKind.Rows)];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) =>
            Rows(city, (row, _) => row == 1 == (part == 0));
    }

    /// <summary>The requests in a stored boundary.</summary>
    private sealed class OfArea() : ModelQuestion("area")
    {
        public override bool HasShape => true;

        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) =>
        [
            Tag.All, s_names, new(TagKind.Boundary),
            .. ModelPlaces.CellsOf(shape?.Places ?? [], 14).Select(cell => new Tag(TagKind.Cell, cell)),
        ];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) =>
            Rows(city, (_, request) => shape.Places.Contains(request.Place));
    }

    /// <summary>The names of categories.</summary>
    private sealed class OfNames() : ModelQuestion("names")
    {
        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) => [Tag.All, s_names];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) =>
            string.Join(',', city.Names.OrderBy(name => name.Key).Select(name => name.Value));
    }

    /// <summary>The boundaries.</summary>
    private sealed class OfBoundaries() : ModelQuestion("boundaries")
    {
        public override Tag[] TagsOf(ModelArea? shape, PlantedFault fault) => [Tag.All, new(TagKind.Boundary)];

        public override string PartOf(ModelState.CityTables city, ModelArea shape, int part) =>
            $"{city.Area.Revision}:{string.Join(',', city.Area.Places)}";
    }
}
