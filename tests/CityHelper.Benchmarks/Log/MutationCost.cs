using CityHelper.Benchmarks.Scale;
using CityHelper.Data.Cities;
using CityHelper.Engine;
using CityHelper.Engine.Clients;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// CPU time per request of a mutation beside that of the published detail query, over drawn requests, in one server. The compaction of the
/// counters is part of what a mutation costs, and comes seconds later.
/// </summary>
/// <param name="database">The database, made for this part.</param>
/// <param name="roundRequests">Requests of a round, each another one.</param>
/// <param name="timeMax">The time after which a round sends nothing more.</param>
internal sealed class MutationCost(LogDatabase database, int roundRequests, TimeSpan timeMax)
{
    public const string Name = "mutation";

    private const int Rounds = 5;
    private const int WarmUpRounds = 2;
    private const int ConnectionCount = 4;
    private const string Servers = "cityhelper%";
    private static readonly TimeSpan s_compactionMax = TimeSpan.FromSeconds(20);

    private const string Mutation =
        """
        mutation($input: UpdateServiceRequestStatusInput!) {
          updateServiceRequestStatus(input: $input) { serviceRequest { id status version updatedAt } cursor errors { __typename } }
        }
        """;

    private readonly string _detailId = OperationManifest
        .Read(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName))
        .Operations.Single(o => o is { Client: "web", Name: "ServiceRequestDetail" }).Id;

    private int _draws;

    /// <param name="requests">Requests of the city.</param>
    public async Task<LogTable> MeasureAsync(int requests)
    {
        CityEntry city = await database.AddCityAsync(1, requests);
        await using ServerProcess server = await ServerProcess.StartAsync(
            "CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url], database.ConnectionString);
        using var load = new HttpLoad(ConnectionCount, timeMax);
        List<RoundCost> details = [];
        List<RoundCost> mutations = [];
        List<RoundCost> compactions = [];
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            (RoundCost detail, _) = await SendAsync(load, server, await DetailsAsync(server, city));
            long head = await HeadAsync(city);
            (RoundCost mutation, int sent) = await SendAsync(load, server, await MutationsAsync(server, city));
            if (await HeadAsync(city) - head < sent)
            {
                throw new InvalidOperationException("The log has fewer events than mutations were sent: some were refused.");
            }

            RoundCost compaction = await MeasureAsync(server, CompactedAsync, sent);
            if (round >= 0)
            {
                details.Add(detail);
                mutations.Add(mutation);
                compactions.Add(compaction);
            }
        }

        return Table(Middle(details), Middle(mutations), Middle(compactions));
    }

    private LogTable Table(RoundCost detail, RoundCost mutation, RoundCost compaction) => new(
        $"CPU per request, medians of {Rounds} rounds of {roundRequests} requests, each another one.",
        ["request", "server CPU us", "PostgreSQL CPU us", "both us"],
        [
            ["ServiceRequestDetail", .. Cells(detail)],
            ["updateServiceRequestStatus, until it is answered", .. Cells(mutation)],
            ["the compaction of its counters, afterwards", .. Cells(compaction)],
            [
                "mutation / detail",
                LogTable.Ratio(mutation.ServerMicroseconds, detail.ServerMicroseconds),
                LogTable.Ratio(mutation.PostgresMicroseconds, detail.PostgresMicroseconds),
                LogTable.Ratio(Both(mutation), Both(detail)),
            ],
        ]);

    private static string[] Cells(RoundCost cost) =>
    [
        LogTable.Cell(cost.ServerMicroseconds, "F0"), LogTable.Cell(cost.PostgresMicroseconds, "F0"), LogTable.Cell(Both(cost), "F0"),
    ];

    private static double Both(RoundCost cost) => cost.PostgresMicroseconds + cost.ServerMicroseconds;

    private static RoundCost Middle(List<RoundCost> rounds) => new(
        LogTable.Median(rounds.Select(r => r.PostgresMicroseconds)), LogTable.Median(rounds.Select(r => r.ServerMicroseconds)));

    private async Task<(RoundCost Cost, int Sent)> SendAsync(HttpLoad load, ServerProcess server, IReadOnlyList<Question> questions)
    {
        int sent = 0;
        RoundCost cost = await MeasureAsync(server, async () => sent = (await load.SendAsync(questions, questions.Count)).Requests, 1);
        return (new RoundCost(cost.PostgresMicroseconds / sent, cost.ServerMicroseconds / sent), sent);
    }

    /// <returns>CPU time of what happens meanwhile, divided by a number of requests.</returns>
    private async Task<RoundCost> MeasureAsync(ServerProcess server, Func<Task> action, int requests)
    {
        CpuTimes postgres = await CpuTimes.OfBackendsAsync(database.Database, Servers);
        CpuTimes process = CpuTimes.Of(server.Id);
        await action();
        return new RoundCost(
            (await CpuTimes.OfBackendsAsync(database.Database, Servers)).Since(postgres).TotalMicroseconds / requests,
            CpuTimes.Of(server.Id).Since(process).TotalMicroseconds / requests);
    }

    private async Task CompactedAsync()
    {
        using var deadline = new CancellationTokenSource(s_compactionMax);
        while (await database.RunAsync("select exists (select from service_request_delta)") is true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), deadline.Token);
        }
    }

    private async Task<long> HeadAsync(CityEntry city) =>
        (long)(await database.RunAsync("select coalesce(max(n), 0) from change where city_id = $1", city.Id))!;

    private async Task<IReadOnlyList<Question>> DetailsAsync(ServerProcess server, CityEntry city) =>
        [.. (await database.DrawAsync(city.Id, roundRequests, ++_draws)).Select(drawn => Question.Persisted(
            server.Url, _detailId, "ServiceRequestDetail", new { city = city.Slug, id = IdOf(city, drawn.Id) }))];

    // Legal from every status that is drawn, and always a change.
    private async Task<IReadOnlyList<Question>> MutationsAsync(ServerProcess server, CityEntry city) =>
        [.. (await database.DrawAsync(city.Id, roundRequests, ++_draws)).Select(drawn => Question.FreeText(
            server.Url,
            Mutation,
            new { input = new { id = IdOf(city, drawn.Id), status = drawn.Status == "IN_PROGRESS" ? "OPEN" : "IN_PROGRESS" } }))];

    private static string IdOf(CityEntry city, long request) => new GlobalId("ServiceRequest", city.Id, request).ToString();
}
