using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using Npgsql;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// Residents and staff at both servers, and services in the database: together 200 changes a second while all is well. Whoever gets no
/// answer asks again, with the same idempotency key and at any server; a service, which has no keys, leaves it.
/// </summary>
internal sealed class ChaosWriters : IDisposable
{
    private const int Clients = 6;
    private const int Services = 4;
    private const int Readers = 2;

    // Six clients with a change each 100 ms, four services with 5.4 changes each 150 ms: 60 and 144 a second.
    private static readonly TimeSpan s_clientInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_serviceInterval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_readerInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly string[] s_statuses = ["OPEN", "IN_PROGRESS", "PENDING", "CLOSED"];

    private readonly ChaosServers _servers;
    private readonly NpgsqlDataSource _database;
    private readonly IReadOnlyList<(short City, string Slug, long Id)> _requests;
    private readonly ChaosNotes _notes;
    private readonly LogPositionCursors _cursors;
    private readonly int _seed;
    private readonly ConcurrentQueue<ReadAt> _reads = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <param name="servers">Where mutations go.</param>
    /// <param name="database">Where services write.</param>
    /// <param name="requests">What they change.</param>
    /// <param name="notes">What they tell.</param>
    /// <param name="cursors">Opens the cursors of answers.</param>
    /// <param name="seed">Of what is drawn.</param>
    public ChaosWriters(
        ChaosServers servers,
        string database,
        IReadOnlyList<(short City, string Slug, long Id)> requests,
        ChaosNotes notes,
        LogPositionCursors cursors,
        int seed)
    {
        (_servers, _requests, _notes, _cursors, _seed) = (servers, requests, notes, cursors, seed);
        _database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database) { MaxPoolSize = Services, CommandTimeout = 10 });
    }

    /// <summary>Versions that were read, each with the log position that the same answer told.</summary>
    public IReadOnlyCollection<ReadAt> Reads => _reads;

    public void Start()
    {
        for (int i = 0; i < Clients + Services + Readers; i++)
        {
            var dice = new Random(HashCode.Combine(_seed, i));
            Func<Random, Task> step = i < Clients ? MutateAsync : i < Clients + Services ? ServeAsync : ReadAsync;
            TimeSpan interval = i < Clients ? s_clientInterval : i < Clients + Services ? s_serviceInterval : s_readerInterval;
            _running.Add(Task.Run(() => RepeatAsync(step, interval, dice)));
        }
    }

    /// <summary>Ends when every change that was begun has been confirmed or given up.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _database.Dispose();
    }

    // At a rate, however long a step takes; what a fault holds up is not made up for.
    private async Task RepeatAsync(Func<Random, Task> step, TimeSpan interval, Random dice)
    {
        var time = Stopwatch.StartNew();
        TimeSpan due = TimeSpan.Zero;
        while (!_stop.IsCancellationRequested)
        {
            await step(dice);
            due += interval * (2 * dice.NextDouble());
            if (due > time.Elapsed)
            {
                await Task.Delay(due - time.Elapsed, CancellationToken.None);
            }
            else
            {
                due = time.Elapsed;
            }
        }
    }

    private async Task MutateAsync(Random dice)
    {
        (short city, _, long id) = _requests[dice.Next(_requests.Count)];
        string note = _notes.Next();
        string? status = dice.Next(3) == 0 ? s_statuses[dice.Next(s_statuses.Length)] : null;
        string mutation = status is null ? "addServiceRequestNote" : "updateServiceRequestStatus";
        var input = new Dictionary<string, object>
        {
            ["id"] = new GlobalId("ServiceRequest", city, id).ToString(), ["note"] = note, ["idempotencyKey"] = note,
        };
        if (status is not null)
        {
            input["status"] = status;
        }

        string type = status is null ? "AddServiceRequestNoteInput" : "UpdateServiceRequestStatusInput";
        string query = $"mutation($input: {type}!) {{ {mutation}(input: $input) {{ errors {{ ... on Error {{ code }} }} }} }}";
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            int losses = _notes.Losses;
            if (await AskAsync(dice, new { query, variables = new { input } }, patience.Token) is { } data
                && data.TryGetProperty(mutation, out JsonElement payload) && payload.ValueKind == JsonValueKind.Object)
            {
                if (payload.GetProperty("errors").ValueKind == JsonValueKind.Null)
                {
                    _notes.Confirm(note, losses);
                }
                else
                {
                    _notes.Refuse();
                }

                return;
            }

            await Task.Delay(s_clientInterval, patience.Token);
        }
    }

    // One transaction of up to ten requests, in the order of their ids, as two services that lock the same ones must.
    private async Task ServeAsync(Random dice)
    {
        (short city, _, _) = _requests[dice.Next(_requests.Count)];
        long[] mine = [.. _requests.Where(r => r.City == city).Select(r => r.Id)];
        long[] ids = [.. Enumerable.Range(0, dice.Next(1, 11)).Select(_ => mine[dice.Next(mine.Length)]).Distinct().Order()];
        string[] notes = [.. ids.Select(_ => _notes.Next())];
        string[] statuses = [.. ids.Select(_ => s_statuses[dice.Next(s_statuses.Length)])];
        int losses = _notes.Losses;
        try
        {
            await using NpgsqlConnection connection = await _database.OpenConnectionAsync();
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
            await using var change = new NpgsqlCommand(
                """
                with wanted as (
                    select * from unnest($2::bigint[], $3::service_request_status[], $4::text[]) as w(id, status, note)
                ), before as materialized (
                    select r as whole, r.city_id, r.id, w.status, w.note from service_request r join wanted w on w.id = r.id
                    where r.city_id = $1 and r.id = any ($2) order by r.id for no key update of r
                ), after as (
                    update service_request u set status = b.status, updated_at = clock_timestamp()
                    from before b where u.city_id = $1 and u.id = any ($2) and u.id = b.id
                    returning u as whole, b.whole as was, b.note
                )
                select record_service_request_change(was, whole, 'service', note) from after
                """, connection, transaction)
            {
                Parameters = { new() { Value = city }, new() { Value = ids }, new() { Value = statuses }, new() { Value = notes } },
            };
            await change.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }
        catch (NpgsqlException)
        {
            // Nobody knows whether it was committed. Connections in the pool are as dead as this one.
            _database.Clear();
            return;
        }

        foreach (string note in notes)
        {
            _notes.Confirm(note, losses);
        }
    }

    private async Task ReadAsync(Random dice)
    {
        (short city, string slug, long id) = _requests[dice.Next(_requests.Count)];
        string key = new GlobalId("ServiceRequest", city, id).ToString();
        int losses = _notes.Losses;
        JsonElement? data = await AskAsync(
            dice,
            new
            {
                query = "query($c: String!, $id: ID!) { city(slug: $c) { cursor } serviceRequest(city: $c, id: $id) { version } }",
                variables = new { c = slug, id = key },
            },
            CancellationToken.None);
        if (data is { } read && read.GetProperty("city").ValueKind == JsonValueKind.Object)
        {
            LogPosition position = _cursors.Open(city, read.GetProperty("city").GetProperty("cursor").GetString()!)
                ?? throw new InvalidOperationException($"Another city's cursor: {read}");
            int version = read.GetProperty("serviceRequest").GetProperty("version").GetInt32();
            _reads.Enqueue(new(city, id, version, position.Epoch, position.Number, losses));
        }
    }

    /// <summary>The data of an answer without errors; null when there is none, for whatever reason.</summary>
    private async Task<JsonElement?> AskAsync(Random dice, object body, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var answer = new CancellationTokenSource(s_answerMax);
        try
        {
            using HttpResponseMessage response = await _servers.Pick(dice).PostAsJsonAsync("/graphql", body, answer.Token);
            JsonElement json = await response.Content.ReadFromJsonAsync<JsonElement>(answer.Token);
            return json.TryGetProperty("errors", out _) ? null : json.GetProperty("data");
        }
        catch (Exception cause) when (cause is HttpRequestException or OperationCanceledException or JsonException
            or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>What an answer said.</summary>
    /// <param name="City">The city.</param>
    /// <param name="Id">The request.</param>
    /// <param name="Version">Its version.</param>
    /// <param name="Epoch">The epoch of the city's cursor.</param>
    /// <param name="Number">The number in it.</param>
    /// <param name="Losses">How often the database had gone back to an earlier state when it was asked.</param>
    internal sealed record ReadAt(short City, long Id, int Version, int Epoch, long Number, int Losses);
}
