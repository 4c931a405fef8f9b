using System.Text.Json.Nodes;
using CityHelper.Data.Model;
using Xunit;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The oracle's own rules on lists simple enough to check by eye: the other tests rely on them.</summary>
public sealed class OracleRulesTests
{
    private static readonly string?[] s_notes = [null, "", "a%B", "ab"];

    /// <summary>One digit for each of the notes: none, empty, <c>a%B</c>, <c>ab</c>.</summary>
    [Theory]
    [InlineData("""{"note":{}}""", "1111")]
    [InlineData("""{"note":null}""", "1111")]
    [InlineData("""{"note":{"eq":null}}""", "1000")]
    [InlineData("""{"note":{"neq":null}}""", "0111")]
    [InlineData("""{"note":{"eq":"ab"}}""", "0001")]
    [InlineData("""{"note":{"neq":"ab"}}""", "1110")]
    [InlineData("""{"note":{"in":null}}""", "0000")]
    [InlineData("""{"note":{"nin":null}}""", "1111")]
    [InlineData("""{"note":{"in":[]}}""", "0000")]
    [InlineData("""{"note":{"nin":[]}}""", "1111")]
    [InlineData("""{"note":{"in":[null,"ab"]}}""", "1001")]
    [InlineData("""{"note":{"nin":[null,"ab"]}}""", "0110")]
    [InlineData("""{"note":{"nin":["ab"]}}""", "1110")]
    [InlineData("""{"note":{"contains":""}}""", "0111")]
    [InlineData("""{"note":{"contains":null}}""", "0000")]
    [InlineData("""{"note":{"ncontains":null}}""", "1111")]
    [InlineData("""{"note":{"contains":"%"}}""", "0010")]
    [InlineData("""{"note":{"ncontains":"%"}}""", "1101")]
    [InlineData("""{"note":{"endsWith":"b"}}""", "0001")]
    [InlineData("""{"note":{"startsWith":"a","nendsWith":"b"}}""", "0010")]
    [InlineData("""{"note":{"or":[{"eq":""},{"eq":"ab"}]}}""", "0101")]
    [InlineData("""{"note":{"or":[]}}""", "1111")]
    [InlineData("""{"and":[],"or":[]}""", "1111")]
    [InlineData("""{"or":[{},{"note":{"eq":"ab"}}]}""", "1111")]
    [InlineData("""{"or":[{"note":{"eq":null}},{"note":{"eq":"ab"}}],"and":[{"note":{"neq":null}}]}""", "0001")]
    [InlineData("""{"createdAt":{"gt":"2024-01-01T00:00:00.0000000Z"}}""", "0111")]
    [InlineData("""{"createdAt":{"gt":"2024-01-01T01:00:00.0000001+01:00"}}""", "0111")]
    [InlineData("""{"createdAt":{"gte":"2024-01-01T00:00:00.0010001Z"}}""", "0011")]
    [InlineData("""{"createdAt":{"nlt":null,"lt":"2024-01-01T00:00:00.0019999Z"}}""", "1100")]
    [InlineData("""{"status":{"in":"OPEN"}}""", "1111")]
    public void Filters_hold_for(string filter, string expected)
    {
        Predicate<object> holds = new OracleFilters(OracleRows.Make(1)).Compile(JsonNode.Parse(filter));
        Assert.Equal(expected, string.Concat(s_notes.Select((note, i) => holds(Update(i, note)) ? '1' : '0')));
    }

    /// <summary>A request with two updates, with notes <c>a</c> and null, and a request without updates.</summary>
    [Theory]
    [InlineData("""{"some":{"note":{"eq":"a"}}}""", "10")]
    [InlineData("""{"some":{}}""", "10")]
    [InlineData("""{"none":{"note":{"eq":"a"}}}""", "01")]
    [InlineData("""{"none":{}}""", "01")]
    [InlineData("""{"all":{"note":{"eq":"a"}}}""", "01")]
    [InlineData("""{"all":{}}""", "11")]
    [InlineData("""{"any":true}""", "10")]
    [InlineData("""{"any":false}""", "01")]
    [InlineData("""{"any":null,"some":null}""", "11")]
    public void Filters_of_lists_hold_for(string filter, string expected)
    {
        ServiceRequest[] requests = [new() { Updates = [Update(1, "a"), Update(2, null)] }, new()];
        Predicate<object> holds = new OracleFilters(OracleRows.Make(1)).Compile(new JsonObject { ["updates"] = JsonNode.Parse(filter) });
        Assert.Equal(expected, string.Concat(requests.Select(r => holds(r) ? '1' : '0')));
    }

    [Theory]
    [InlineData("null", "c3 c2 c1 c0")]
    [InlineData("[]", "c3 c2 c1 c0")]
    [InlineData("""[{"createdAt":"ASC"}]""", "c0 c1 c2 c3")]
    [InlineData("""[{"status":"ASC"}]""", "c1 c3 c0 c2")]
    [InlineData("""[{"status":"DESC"}]""", "c2 c0 c3 c1")]
    [InlineData("""[{"status":"ASC"},{"createdAt":"DESC"}]""", "c3 c1 c2 c0")]
    [InlineData("""[{"createdAt":"ASC","status":"ASC"}]""", "c1 c3 c0 c2")]
    [InlineData("""[{"createdAt":"ASC"},{"status":"ASC"}]""", "c0 c1 c2 c3")]
    [InlineData("""{"updatedAt":"DESC"}""", "c3 c2 c1 c0")]
    [InlineData("""[{"status":null},{"status":"ASC"},{"status":"DESC"}]""", "c1 c3 c0 c2")]
    public void Orders_give(string order, string expected)
    {
        ServiceRequest[] requests = [.. Enumerable.Range(0, 4).Select(i => new ServiceRequest
        {
            Id = i,
            Title = $"c{i}",
            Status = i % 2 == 0 ? ServiceRequestStatus.Closed : ServiceRequestStatus.Assigned,
        })];
        IReadOnlyList<object> sorted = new OracleOrders(OracleRows.Make(1)).Sort("ServiceRequest", requests, JsonNode.Parse(order));
        Assert.Equal(expected, string.Join(' ', sorted.Cast<ServiceRequest>().Select(r => r.Title)));
    }

    /// <summary>Pages of the list <c>c0</c> to <c>c4</c>.</summary>
    [Theory]
    [InlineData("{}", "c0 c1 c2 c3 c4", false, false)]
    [InlineData("""{"first":2}""", "c0 c1", true, false)]
    [InlineData("""{"first":0}""", "", true, false)]
    [InlineData("""{"first":2,"after":"c1"}""", "c2 c3", true, true)]
    [InlineData("""{"first":2,"after":"c4"}""", "", false, true)]
    [InlineData("""{"last":2}""", "c3 c4", false, true)]
    [InlineData("""{"last":2,"before":"c2"}""", "c0 c1", true, false)]
    [InlineData("""{"last":1,"before":"c2"}""", "c1", true, true)]
    [InlineData("""{"last":9,"after":"c2"}""", "c3 c4", false, true)]
    [InlineData("""{"first":9,"before":"c2"}""", "c0 c1", true, false)]
    [InlineData("""{"first":1,"after":"c0","before":"c4"}""", "c1", true, true)]
    [InlineData("""{"first":9,"after":"c3","before":"c1"}""", "", true, true)]
    [InlineData("""{"first":null,"last":1,"after":null}""", "c4", false, true)]
    public void Pages_are(string arguments, string expected, bool hasNext, bool hasPrevious)
    {
        List<Category> list = [.. Enumerable.Range(0, 5).Select(i => new Category { Id = i, Code = $"c{i}", Name = "" })];
        Dictionary<string, string> cursors = list.ToDictionary(c => c.Code, OracleRows.KeyOf);
        OraclePage page = OraclePages.Cut("Categories", 0, list, JsonNode.Parse(arguments)!.AsObject().ToDictionary(), cursors);
        Assert.Equal(expected, string.Join(' ', page.Rows.Cast<Category>().Select(c => c.Code)));
        Assert.Equal((5, hasNext, hasPrevious), (page.TotalCount, page.HasNext, page.HasPrevious));
    }

    private static StatusUpdate Update(int id, string? note) =>
        new() { Id = id, Note = note, CreatedAt = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMilliseconds(id) };
}
