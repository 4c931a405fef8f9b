using System.Text.Json.Nodes;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>The web client's operations, with the variables that its pages send, and with any variables that a stranger may send.</summary>
internal sealed class PublishedRequests(CostCity city, int seed)
{
    private const double Usual = 0.015;

    private static readonly string[] s_operations =
    [
        "Boundaries", "BoundaryDetail", "CategoryOverview", "Cities", "CityFilters", "DuplicateCandidates", "NearbyServiceRequests",
        "ServiceRequestByExternalId", "ServiceRequestClusters", "ServiceRequestDetail", "ServiceRequestDuplicates", "ServiceRequestHistory",
        "ServiceRequestList", "ServiceRequestMap", "ServiceRequestStats",
    ];

    /// <summary>Every operation as the client's pages first send it.</summary>
    public IEnumerable<CostRequest> WithUsualVariables() => s_operations
        .Where(name => city.Boundaries.Count > 0 || name != "BoundaryDetail")
        .Select(name => new CostRequest(name, name, null, UsualOf(name)));

    /// <summary>The request with a number.</summary>
    public CostRequest Request(int number)
    {
        var dice = new CostDice(unchecked(seed * 1_000_003 + number));
        string name = dice.Pick(s_operations);
        JsonObject given = UsualOf(name);
        var variables = new CostVariables();
        if (name
                is "BoundaryDetail"
                    or "CategoryOverview"
                    or "NearbyServiceRequests"
                    or "ServiceRequestClusters"
                    or "ServiceRequestList"
                    or "ServiceRequestMap"
                    or "ServiceRequestStats"
            && dice.Chance(85))
        {
            JsonObject where = new CostConditions(city, dice, variables).Where();
            given["where"] = variables.Whole(where);
        }

        SampledRequest some = dice.Pick(city.Requests);
        foreach (string member in given.Select(m => m.Key).ToArray())
        {
            given[member] = member switch
            {
                "first" or "last" => dice.Sized(1, 100),
                "zoom" => dice.Below(17),
                "viewport" => CostShapes.Viewport(some.Longitude, some.Latitude, dice.Sized(0.0005, 0.5)),
                "within" => variables.Whole(new CostGenerator(city, seed).Area(dice, variables)),
                "to" or "location" => Position(some),
                "withinMetres" => dice.Sized(10.0, 5_000),
                "category" => dice.Pick(city.Categories),
                "externalId" => some.ExternalId,
                "order" => new JsonArray(new JsonObject { [dice.Pick(["updatedAt", "createdAt", "status"])] = dice.Pick(["ASC", "DESC"]) }),
                "id" when name is "BoundaryDetail" => dice.Pick(city.Boundaries),
                "id" => some.Id,
                _ => given[member]?.DeepClone(),
            };
        }

        return new CostRequest(name, name, null, given);
    }

    private JsonObject UsualOf(string name)
    {
        SampledRequest some = city.Requests[0];
        var given = new JsonObject { ["city"] = CostCity.Slug };
        switch (name)
        {
            case "Boundaries":
                given["first"] = 100;
                break;
            case "BoundaryDetail":
                return new JsonObject { ["id"] = city.Boundaries.Count > 0 ? city.Boundaries[0] : "", ["first"] = 10 };
            case "CategoryOverview":
                given["first"] = 20;
                break;
            case "Cities":
                return [];
            case "DuplicateCandidates":
                given["category"] = CostCity.LargestCategory;
                given["location"] = Position(some);
                given["first"] = 5;
                break;
            case "NearbyServiceRequests":
                given["to"] = Position(some);
                given["withinMetres"] = 1_000.0;
                given["first"] = 20;
                break;
            case "ServiceRequestByExternalId":
                given["externalId"] = some.ExternalId;
                break;
            case "ServiceRequestClusters":
                given["viewport"] = CostShapes.Viewport(-73.95, 40.72, 0.25);
                given["zoom"] = 11;
                break;
            case "ServiceRequestDetail" or "ServiceRequestDuplicates":
                given["id"] = some.Id;
                break;
            case "ServiceRequestHistory":
                return new JsonObject { ["id"] = some.Id, ["last"] = 50 };
            case "ServiceRequestList":
                given["first"] = 20;
                given["order"] = new JsonArray(new JsonObject { ["createdAt"] = "DESC" });
                break;
            case "ServiceRequestMap":
                given["viewport"] = CostShapes.Viewport(-73.98, 40.755, Usual);
                given["first"] = 50;
                break;
            case "ServiceRequestStats":
                given["within"] = new JsonObject { ["viewport"] = CostShapes.Viewport(-73.98, 40.755, Usual) };
                break;
        }

        return given;
    }

    private static JsonObject Position(SampledRequest at) => new() { ["longitude"] = at.Longitude, ["latitude"] = at.Latitude };
}
