using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Snapshooter;
using Snapshooter.Xunit;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>What the payload of a mutation reads: the columns that are selected, and nothing when no row is.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PayloadStatementTests(WritingServer fixture) : IClassFixture<WritingServer>
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Theory]
    [InlineData("row", "serviceRequest { id status version updatedAt } errors { __typename }")]
    [InlineData("row_with_lists", "serviceRequest { title category { code } agency { name } updates(last: 1) { status note } }")]
    [InlineData("nested_list", "serviceRequest { history(first: 2) { nodes { status } pageInfo { hasNextPage } } boundaries { code } }")]
    [InlineData("duplicate", "serviceRequest { id duplicateOf { id title category { name } updates(last: 1) { status } } }")]
    [InlineData("fragments", "... on UpdateServiceRequestStatusPayload { a: serviceRequest { ...r } b: serviceRequest { address } }")]
    public async Task The_payload_reads_what_it_selects(string name, string selection)
    {
        string text = WritingServer.TextOf("updateServiceRequestStatus", selection)
            + (selection.Contains("...r", StringComparison.Ordinal) ? " fragment r on ServiceRequest { closedAt }" : "");
        object variables = new { input = new { id = ReadingFixture.Id(1), status = "CLOSED", resolution = "Done." } };
        await fixture.Server.DataAsync(text, variables);
        fixture.Server.TakeStatements();
        JsonElement data = await fixture.Server.DataAsync(text, variables);
        IReadOnlyList<string> statements = fixture.Server.TakeStatements();
        string.Join("\n;\n", statements).MatchSnapshot(new SnapshotNameExtension(name, "sql"));
        JsonSerializer.Serialize(data, s_indented).MatchSnapshot(new SnapshotNameExtension(name, "json"));
    }

    [Theory]
    [InlineData("__typename")]
    [InlineData("cursor errors { __typename }")]
    [InlineData("serviceRequest @skip(if: true) { id } cursor")]
    public async Task Without_the_row_nothing_is_read(string selection)
    {
        fixture.Server.TakeStatements();
        await fixture.WriteAsync("addServiceRequestNote", new { id = ReadingFixture.Id(2), note = "Seen." }, selection);
        Assert.Empty(fixture.Server.TakeStatements());
    }

    [Fact]
    public async Task Of_a_refused_mutation_nothing_is_read()
    {
        fixture.Server.TakeStatements();
        Assert.Equal(
            ["VERSION_STALE"],
            await fixture.CodesAsync("addServiceRequestNote", new { id = ReadingFixture.Id(2), note = "Seen.", version = 99 }));
        Assert.Empty(fixture.Server.TakeStatements());
    }

    /// <summary>A statement reads no column of another selection, nor any text that was not asked for.</summary>
    [Fact]
    public async Task Columns_that_are_not_selected_are_not_read()
    {
        fixture.Server.TakeStatements();
        await fixture.WriteAsync(
            "addServiceRequestNote", new { id = ReadingFixture.Id(2), note = "Seen." }, "serviceRequest { version } cursor");
        SortedDictionary<string, SortedSet<string>> reads = SqlReads.Of(fixture.Server.TakeStatements());
        Assert.Equal(["service_request"], reads.Keys);
        Assert.Equal(["city_id", "id", "version"], reads["service_request"]);
    }
}
