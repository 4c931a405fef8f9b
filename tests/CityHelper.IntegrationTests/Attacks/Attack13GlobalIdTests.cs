using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 13: one id in many spellings; each would be another question to a cache, and another id to a program that compares ids.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack13GlobalIdTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    /// <summary>
    /// Other numbers, keys too large for the column, more or fewer parts than the type has; and for each a spelling that is not standard
    /// Base64 with padding.
    /// </summary>
    public static TheoryData<string, string> Spellings()
    {
        var spellings = new TheoryData<string, string>();
        foreach (
            (string type, string good, string[] others) in new[]
            {
                (
                    "City",
                    "City:1",
                    new[]
                    {
                        "City:+1",
                        "City:01",
                        "City:1 ",
                        "City: 1",
                        "City:-1",
                        "City:-0",
                        "City:32768",
                        "City:1:1",
                        "City:9223372036854775808",
                        "City:\u0661",
                        "city:1",
                    }
                ),
                (
                    "Category",
                    "Category:1:1",
                    [
                        "Category:1", "Category:01:1", "Category:1:01", "Category:1:+1", "Category:1:-1", "Category:1:2147483648",
                        "Category:32768:1", "Category:-1:1",
                    ]),
                (
                    "ServiceRequest",
                    "ServiceRequest:1:1",
                    [
                        "ServiceRequest:1", "ServiceRequest:+1:1", "ServiceRequest:1:001", "ServiceRequest:1:-0", "ServiceRequest:1:1:1",
                        "ServiceRequest:1:9223372036854775808",
                    ]),
                ("Boundary", "Boundary:1:1", ["Boundary:1:01", "Boundary:01:1", "Boundary:1:1\0"]),
            }
        )
        {
            foreach (string other in others)
            {
                spellings.Add(type, Base64(other));
            }

            string id = Base64(good);
            string unpadded = id.TrimEnd('=');
            foreach (
                string other in new[] { id + " ", " " + id, id[..4] + "\n" + id[4..], id + "=", id + "====", id + id }.Append(
                    unpadded == id ? id + "\t" : unpadded))
            {
                spellings.Add(type, other);
            }
        }

        return spellings;
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task An_id_has_one_spelling_wherever_it_is_taken(string type, string id)
    {
        string[] fields = type switch
        {
            "City" => [],
            "Category" =>
            [
                "serviceRequests(city: \"nyc\", first: 1, where: {category: {id: {eq: $id}}}) { nodes { id } }",
                "serviceRequests(city: \"nyc\", first: 1, where: {category: {id: {in: [$id]}}}) { nodes { id } }",
            ],
            "ServiceRequest" =>
            [
                "serviceRequest(city: \"nyc\", id: $id) { id }",
                "serviceRequests(city: \"nyc\", first: 1, where: {id: {eq: $id}}) { nodes { id } }",
            ],
            _ => ["serviceRequests(city: \"nyc\", first: 1, within: {boundary: $id}) { nodes { id } }", "boundary(id: $id) { name }"],
        };
        foreach (
            (string field, string code) in fields
                .Select(field => (field, "ID_INVALID"))
                .Concat([("node(id: $id) { id }", "NODE_ID_INVALID"), ("nodes(ids: [$id]) { id }", "NODE_ID_INVALID")]))
        {
            JsonElement json = await fixture.Server.QueryAsync($"query($id: ID!) {{ asked: {field} }}", new { id });
            string? actual = json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString();

            // An unknown type gives the error for a type that is no node, not the one for a wrong spelling.
            Assert.True(
                actual == code
                    || (
                        actual == "HC0068"
                        && Encoding.UTF8.GetString(Convert.FromBase64String(id)).StartsWith("city", StringComparison.Ordinal)),
                $"{field}: {actual}");
        }
    }

    /// <summary>The valid spelling is the one that the server writes.</summary>
    [Fact]
    public async Task The_spelling_that_is_written_is_read()
    {
        JsonElement data = await fixture.Server.DataAsync(
            "{ serviceRequests(city: \"nyc\", first: 1) { nodes { id category { id } } } cities { id } }");
        JsonElement request = data.GetProperty("serviceRequests").GetProperty("nodes")[0];
        string?[] ids =
        [
            request.GetProperty("id").GetString(),
            request.GetProperty("category").GetProperty("id").GetString(),
            data.GetProperty("cities")[0].GetProperty("id").GetString(),
        ];
        JsonElement nodes = (await fixture.Server.DataAsync("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", new { ids })).GetProperty(
            "nodes");
        Assert.Equal(ids, nodes.EnumerateArray().Select(node => node.GetProperty("id").GetString()));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
