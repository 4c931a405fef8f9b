using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CityHelper.Data.Changes;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Caching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// The tags of an answer, for random operations over the whole schema and for the published ones: they name a change of every table that
/// the statements read, and each change that makes another answer has one of them.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_TAGS_OPERATIONS</c>, <c>CITYHELPER_TAGS_WRITES</c> and <c>CITYHELPER_TAGS_SEED</c> set the numbers and select them.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed partial class RandomOperationTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int RowsSeed = 311;

    // What a change of each table is told by. Written down apart from the server's own table, so that the two can disagree.
    private static readonly (string Kind, string[] Tables)[] s_tables =
    [
        ("requests", [
            "service_request", "status_update", "service_request_external_id", "service_request_count", "service_request_closing_count",
            "service_request_delta", "service_request_boundary_month", "service_request_boundary_count", "service_request_pack"]),
        ("reference", ["category", "agency", "city"]),
        ("boundary", ["boundary", "boundary_outline", "boundary_part"]),
    ];

    private readonly int _seed = Setting("SEED") ?? 15;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(OracleNear.Now, TimeSpan.Zero));
    private readonly OracleRows _rows = OracleRows.Make(RowsSeed);
    private TestServer _server = null!;
    private RandomChanges _changes = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await _rows.StoreAsync(database);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);

        // The importer numbers boundaries itself, and these were not imported.
        source.Execute("update boundary_revision r set last_id = (select max(id) from boundary b where b.city_id = r.city_id)");
        List<long> requests = [.. _rows.Requests.Where(request => request.CityId == RequestRows.City).Select(request => request.Id)];
        string[] categories = [.. _rows.Categories.Where(known => known.CityId == RequestRows.City).Select(known => known.Code)];
        _changes = await RandomChanges.ConnectAsync(database, new Random(_seed), _time, requests, categories);
        _server = await TestServer.StartAsync(database, time: _time, services: TestServer.BlocksForFewRows);
        await _changes.SettleAsync(_server);
    }

    public async Task DisposeAsync()
    {
        _rows.Near.Dispose();
        await _server.DisposeAsync();
        await _changes.DisposeAsync();
    }

    [Fact]
    public async Task Tags_name_a_change_of_every_table_that_the_statements_read()
    {
        List<Question> questions = [.. Published(), .. await RandomAsync(Setting("OPERATIONS") ?? 600)];
        HashSet<string> seen = [];
        foreach (Question question in questions)
        {
            _server.TakeStatements();
            (CacheExplanation explanation, string answer) = await AskAsync(question);
            string[] tables = [.. _server.TakeStatements().SelectMany(TablesOf).Distinct()];
            if (explanation.Refusal is not null || IsFailed(answer))
            {
                continue;
            }

            foreach ((string kind, string[] ofKind) in s_tables.Where(entry => entry.Tables.Intersect(tables).Any()))
            {
                string read = string.Join(", ", tables);
                Assert.True(
                    IsTold(kind, explanation.Tags),
                    $"seed {_seed}: {read} are read, but {kind} is no tag of {Text(explanation)}\n{question}");
                seen.Add(kind);
            }

            seen.UnionWith(tables);
        }

        // A generator that asks for nothing tests nothing. Counters belong to the statistics, of which the published ones have some.
        output.WriteLine($"{questions.Count} operations, {string.Join(", ", seen.Order(StringComparer.Ordinal))}");
        HashSet<string> least = ["service_request", "status_update", "category", "agency", "city", "boundary", "service_request_count"];
        Assert.Subset(seen, least);
    }

    [Fact]
    public async Task A_change_that_makes_another_answer_has_one_of_its_tags()
    {
        List<Question> questions = [.. Published(), .. await RandomAsync(Setting("OPERATIONS") ?? 120)];
        var before = new (CacheExplanation Explanation, string Answer)[questions.Count];
        for (int i = 0; i < questions.Count; i++)
        {
            before[i] = await AskAsync(questions[i]);
        }

        (int changed, int spared, int asked, long known) = (0, 0, 0, (await _changes.EventsAsync(0)).Count);
        for (int write = 0; write < (Setting("WRITES") ?? 15); write++)
        {
            string kind = await _changes.ChangeAsync();
            await _changes.SettleAsync(_server);
            IReadOnlyList<ChangeEvent> events = await _changes.EventsAsync(known);
            known = events.Count == 0 ? known : events[^1].Number;
            HashSet<Tag> told = [.. events.SelectMany(ChangedTags.Of)];
            for (int i = 0; i < questions.Count; i++)
            {
                (CacheExplanation Explanation, string Answer) now = await AskAsync(questions[i]);
                if (before[i].Explanation.Refusal is null && !IsFailed(before[i].Answer) && !IsFailed(now.Answer))
                {
                    bool isTold = before[i].Explanation.Tenant == RequestRows.City && before[i].Explanation.Tags.Any(told.Contains);
                    bool isChanged = before[i].Answer != now.Answer;
                    Assert.True(
                        isTold || !isChanged,
                        $"seed {_seed}, write {write} ({kind}): {string.Join(' ', told.Select(TagNames.Of))} ends none of "
                            + $"{Text(before[i].Explanation)}\n{questions[i]}\nbefore: {before[i].Answer}\nafter: {now.Answer}");
                    (changed, spared, asked) = (changed + (isChanged ? 1 : 0), spared + (isTold ? 0 : 1), asked + 1);
                }

                before[i] = now;
            }
        }

        // Where everything depends on everything, nothing is tested.
        output.WriteLine($"{asked} answers beside a change: {changed} other ones, {spared} kept");
        Assert.InRange(changed, asked / 200, asked / 2);
        Assert.InRange(spared, asked / 10, asked);
        Assert.Empty(_server.Errors);
    }

    private static bool IsTold(string kind, IReadOnlyList<Tag> tags) => kind switch
    {
        "requests" => tags.Any(tag => tag.Kind is TagKind.Rows or TagKind.Cell)
            || (tags.Any(tag => tag.Kind == TagKind.Row) && tags.Contains(new Tag(TagKind.Bulk))),
        "reference" => tags.Contains(new Tag(TagKind.Reference)),
        _ => tags.Contains(new Tag(TagKind.Boundary)),
    };

    private static string Text(CacheExplanation explanation) =>
        $"{explanation.Tenant}: {string.Join(' ', explanation.Tags.Select(TagNames.Of))}";

    private static bool IsFailed(string answer) => answer.Contains("\"errors\":", StringComparison.Ordinal);

    private static IEnumerable<string> TablesOf(string sql) => TableName().Matches(sql).Select(match => match.Value)
        .Where(name => s_tables.Any(entry => entry.Tables.Contains(name)));

    // The tags first: they are known before anything is read.
    private async Task<(CacheExplanation Explanation, string Answer)> AskAsync(Question question)
    {
        CacheExplanation explanation = await _server.Services.GetRequiredService<OperationExplainer>().ExplainCacheAsync(
            question.Operation, JsonSerializer.SerializeToElement(question.Variables), "/graphql/persisted", CancellationToken.None);
        JsonObject body = question.Text is null ? new() { ["id"] = question.Operation.Id } : new() { ["query"] = question.Text };
        body["variables"] = question.Variables.DeepClone();
        (_, JsonElement answer) = await _server.PostAsync(body.ToJsonString());
        return (explanation, answer.GetRawText());
    }

    private async Task<List<Question>> RandomAsync(int count)
    {
        var generator = new OperationGenerator(_rows, SchemaFile.Load(), _seed);
        var compiler = _server.Services.GetRequiredService<OperationCompiler>();
        List<Question> questions = [];
        foreach (GeneratedOperation generated in Enumerable.Range(0, count).Select(generator.Operation))
        {
            (string document, JsonObject variables) = generated.With(generated.Slots.ToDictionary(slot => slot.Token, _ => (string?)null));
            string named = FirstQuery().Replace(document, "query Random", 1);
            Operation operation = (await compiler.CompileAsync(named, null, CancellationToken.None)).Operation!;
            questions.Add(new Question(operation, named, variables));
        }

        return questions;
    }

    private IEnumerable<Question> Published()
    {
        string IdOf(string type) => OracleRows.KeyOf(_rows.Of(type, RequestRows.City).First());
        Dictionary<string, Operation> published = _server.Services.GetRequiredService<OperationRegistry>().Published.ToDictionary(
            operation => operation.Name!);
        return PublishedHitTests.Names.Select(name => new Question(
            published[name],
            null,
            JsonSerializer.SerializeToNode(PublishedHitTests.VariablesOf(name, IdOf("ServiceRequest"), IdOf("Boundary")))!.AsObject()));
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_TAGS_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;

    [GeneratedRegex("(?<=\\b(?:from|join)\\s+(?:only\\s+)?)[a-z_]+")]
    private static partial Regex TableName();

    [GeneratedRegex("^query")]
    private static partial Regex FirstQuery();

    private sealed record Question(Operation Operation, string? Text, JsonObject Variables)
    {
        public override string ToString() => $"{Text ?? Operation.Name}\nvariables {Variables.ToJsonString()}";
    }
}
