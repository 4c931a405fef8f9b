using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using Npgsql;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// Residents and staff at both servers, and a service in the database: together some 200 changes a second. Whoever gets no answer asks
/// again, with the same idempotency key and at any server; the service, which has no keys, leaves it.
/// </summary>
internal sealed class ChaosWriters : IDisposable
{
    private const int Clients = 6;
    private const int Services = 2;
    private const int Readers = 2;

    // 6 clients each 150 ms and 2 services with 5.5 rows each 80 ms on average: 40 and 140 changes a second, where the machine keeps up.
    private static readonly TimeSpan s_clientPause = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_servicePause = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan s_readerPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly string[] s_statuses = ["OPEN", "IN_PROGRESS", "PENDING", "CLOSED"];

    private readonly ChaosServers _servers;
    private readonly string _database;
    private readonly IReadOnlyList<(short City, string Slug, long Id)> _requests;
    private readonly ChaosNotes _notes;
    private readonly LogPositionCursors _cursors;
    private readonly int _seed;
    private readonly ConcurrentQueue<ReadAt> _reads = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <param name="servers">Where mutations go.</param>
    /// <param name="database">Where the service writes.</param>
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
        (_servers, _database, _requests, _notes, _cursors, _seed) = (servers, database, requests, notes, cursors, seed);
    }

    /// <summary>Versions that were read, each with the log position that the same answer told.</summary>
    public IReadOnlyCollection<ReadAt> Reads => _reads;

    public void Start()
    {
        for (int i = 0; i < Clients + Services + Readers; i++)
        {
            var dice = new Random(HashCode.Combine(_seed, i));
            Func<Random, Task> step = i < Clients ? MutateAsync : i < Clients + Services ? ServeAsync : ReadAsync;
            TimeSpan pause = i < Clients ? s_clientPause : i < Clients + Services ? s_servicePause : s_readerPause;
            _running.Add(Task.Run(() => RepeatAsync(step, pause, dice)));
        }
    }

    /// <summary>Ends when every change that was begun has been confirmed or given up.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    public void Dispose() => _stop.Dispose();

    private async Task RepeatAsync(Func<Random, Task> step, TimeSpan pause, Random dice)
    {
        while (!_stop.IsCancellationRequested)
        {
            await step(dice);
            await Task.Delay(pause * (2 * dice.NextDouble()), CancellationToken.None);
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

            await Task.Delay(s_clientPause, patience.Token);
        }
    }

    // One transaction of up to ten requests, in the order of their ids, as two services that lock the same ones must.
    private async Task ServeAsync(Random dice)
    {
        (short city, _, _) = _requests[dice.Next(_requests.Count)];
        long[] mine = [.. _requests.Where(r => r.City == city).Select(r => r.Id)];
        long[] ids = [.. Enumerable.Range(0, dice.Next(1, 11)).Select(_ => mine[dice.Next(mine.Length)]).Distinct().Order()];
        string[] notes = [.. ids.Select(_ => _notes.Next())];
        int losses = _notes.Losses;
        try
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(_database) { Pooling = false, CommandTimeout = 10 });
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
            for (int i = 0; i < ids.Length; i++)
            {
                await using var change = new NpgsqlCommand(
                    """
                    with before as materialized (
                        select r as whole, r.city_id, r.id from service_request r where r.city_id = $1 and r.id = $2 for no key update
                    ), after as (
                        update service_request u set status = $3::service_request_status, updated_at = clock_timestamp()
                        from before b where u.city_id = b.city_id and u.id = b.id
                        returning u as whole, b.whole as was
                    )
                    select record_service_request_change(was, whole, 'service', $4) from after
                    """, connection, transaction)
                {
                    Parameters =
                    {
                        new() { Value = city }, new() { Value = ids[i] }, new() { Value = s_statuses[dice.Next(s_statuses.Length)] },
                        new() { Value = notes[i] },
                    },
                };
                await change.ExecuteNonQueryAsync();
            }

            await transaction.CommitAsync();
        }
        catch (NpgsqlException)
        {
            // Nobody knows whether it was committed.
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
