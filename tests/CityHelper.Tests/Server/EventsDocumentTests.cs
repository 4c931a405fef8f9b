using System.Text.Json.Nodes;
using CityHelper.Data.Changes;
using CityHelper.Server.Changes;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class EventsDocumentTests
{
    private static readonly JsonNode s_document = JsonNode.Parse(EventsDocument.Write())!;

    public static TheoryData<ChangeKind> Kinds => new(Enum.GetValues<ChangeKind>());

    [Fact]
    public void The_checked_in_document_is_the_servers() => Assert.Equal(
        File.ReadAllText(Repository.PathOf("schema", "asyncapi.json")),
        EventsDocument.Write()); // Fix: eng/cityhelper schema events --output schema/asyncapi.json

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_field_of_an_event_is_described(ChangeKind kind)
    {
        JsonObject json = JsonNode.Parse(ChangeCloudEvents.ToJson(EventExamples.Of(kind), EventExamples.City))!.AsObject();
        Assert.Empty(Undescribed(json, "event"));
        JsonObject data = json["data"]!.AsObject();
        Assert.Empty(Undescribed(data, "data"));
        Assert.All(new[] { data["before"], data["after"] }.OfType<JsonObject>(), state => Assert.Empty(Undescribed(state, "request")));
    }

    [Fact]
    public void Every_kind_has_its_message() => Assert.Equal(
        Enum.GetValues<ChangeKind>().Select(ChangeCloudEvents.TypeOf),
        s_document["channels"]!["changes"]!["messages"]!.AsObject()
            .Select(message => (string)s_document["components"]!["messages"]![message.Key]!["name"]!));

    [Fact]
    public void The_manual_signs_as_the_server_does()
    {
        string manual = File.ReadAllText(Repository.PathOf("docs", "events.md"));
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Contains(Convert.ToBase64String(key), manual, StringComparison.Ordinal);
        Assert.Contains(
            InboxSignature.Of(key, 1, "parks", "0195530d-4400-7000-8000-0000000000aa", "2026-03-01T12:00:00Z", "14/4825/6160 14/4825/6161"),
            manual,
            StringComparison.Ordinal);
    }

    private static IEnumerable<string> Undescribed(JsonObject json, string schema) =>
        json.Select(member => member.Key).Except(
            s_document["components"]!["schemas"]![schema]!["properties"]!.AsObject().Select(property => property.Key));
}
