using CityHelper.Data.Model;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Data.ServiceRequests;

/// <summary>The transaction of a write: locks rows, reads them as they are, writes them with all that a change causes.</summary>
public sealed class RequestTransaction
{
    private const string LockSql =
        """
        select id, version, status, category_id, agency_id, title, description, address, location, closed_at, resolution, external_id,
               duplicate_of, redacted_at
        from service_request
        where city_id = $1 and id = any ($2)
        order by id
        for no key update
        """;

    private readonly NpgsqlConnection _connection;
    private readonly short _cityId;
    private readonly string _cause;

    internal RequestTransaction(NpgsqlConnection connection, short cityId, string cause, DateTime at)
    {
        _connection = connection;
        _cityId = cityId;
        _cause = cause;
        At = at;
    }

    /// <summary>The time of the change, in UTC, as precise as the database stores it.</summary>
    public DateTime At { get; }

    /// <summary>Locks a request until the end of the transaction.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="version">The version that the writer has seen; null when it does not matter.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    /// <returns>The request, or why the write is refused.</returns>
    public async Task<(RequestState? Known, WriteRefusal? Refusal)> LockAsync(
        long requestId, int? version, CancellationToken cancellation)
    {
        if (await LockAsync([requestId], cancellation) is not [var known])
        {
            return (null, new WriteRefusal.NotFound(requestId));
        }

        return version is { } seen && seen != known.Version ? (null, new WriteRefusal.VersionStale(known.Version)) : (known, null);
    }

    /// <summary>Locks requests, in the order of their ids, so that two writers of the same ones do not wait for each other.</summary>
    /// <returns>Those that exist, in the order of ids.</returns>
    public async Task<IReadOnlyList<RequestState>> LockAsync(IReadOnlyCollection<long> requestIds, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = Command(LockSql, _cityId, requestIds.ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var states = new List<RequestState>();
        while (await reader.ReadAsync(cancellation))
        {
            states.Add(Read(reader));
        }

        return states;
    }

    /// <summary>Does what was decided.</summary>
    public async Task<WriteOutcome> ApplyAsync(RequestState known, Decision decision, CancellationToken cancellation) => decision switch
    {
        Decision.Refusal refusal => new WriteOutcome.Refused(refusal.Why),
        Decision.Change change => new WriteOutcome.Done(known.Id, await ChangeAsync(change, cancellation)),
        _ => new WriteOutcome.Done(known.Id, null),
    };

    /// <summary>Changes a request that is locked.</summary>
    /// <returns>The id of its event.</returns>
    public Task<Guid> ChangeAsync(Decision.Change change, CancellationToken cancellation) =>
        ChangeAsync(RequestSql.Change, change, cancellation);

    /// <summary>Redacts a request that is locked: its history loses its notes, its events their content.</summary>
    /// <returns>The id of its event.</returns>
    public async Task<Guid> RedactAsync(Decision.Change change, CancellationToken cancellation)
    {
        Guid eventId = await ChangeAsync(RequestSql.Redact, change, cancellation);
        await using NpgsqlCommand notes = Command(
            "update status_update set note = null where city_id = $1 and service_request_id = $2 and note is not null",
            _cityId, change.State.Id);
        await notes.ExecuteNonQueryAsync(cancellation);
        await using NpgsqlCommand events = Command("select redact_changes($1, $2)", _cityId, change.State.Id);
        await events.ExecuteNonQueryAsync(cancellation);
        return eventId;
    }

    /// <summary>Inserts a request.</summary>
    /// <param name="request">Its columns; the id is one of this moment.</param>
    /// <param name="channel">How it came in.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <returns>The id of its event; null when the request's id is taken.</returns>
    public async Task<Guid?> InsertAsync(RequestState request, string channel, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(RequestSql.Insert, _connection)
        {
            Parameters =
            {
                new() { Value = _cityId },
                new() { Value = request.Id },
                new() { Value = request.CategoryId },
                Nullable(request.Title, "text"),
                Nullable(request.Description, "text"),
                Nullable(request.Address, "text"),
                new() { Value = channel },
                Nullable(request.Location, "geometry"),
                new() { Value = At },
                new() { Value = _cause },
            },
        };
        return await command.ExecuteScalarAsync(cancellation) as Guid?;
    }

    /// <summary>The category of a code; null when the city has none.</summary>
    public Task<int?> CategoryAsync(string code, CancellationToken cancellation) =>
        ScalarAsync<int?>("select id from category where city_id = $1 and code = $2", cancellation, _cityId, code);

    /// <summary>The agency of a code; null when the city has none.</summary>
    public Task<int?> AgencyAsync(string code, CancellationToken cancellation) =>
        ScalarAsync<int?>("select id from agency where city_id = $1 and code = $2", cancellation, _cityId, code);

    /// <summary>Whether the city's bounds contain a place, edges included.</summary>
    public async Task<bool> IsInCityAsync(Point location, CancellationToken cancellation) =>
        await ScalarAsync<bool?>("select st_covers(bounds, $2) from city where id = $1", cancellation, _cityId, location) is true;

    /// <summary>The request that a request is a duplicate of, unlocked; null for none.</summary>
    public Task<long?> DuplicateOfAsync(long requestId, CancellationToken cancellation) =>
        ScalarAsync<long?>("select duplicate_of from service_request where city_id = $1 and id = $2", cancellation, _cityId, requestId);

    /// <summary>The requests that are duplicates of a request, unlocked.</summary>
    public async Task<IReadOnlyList<long>> DuplicatesOfAsync(long requestId, int max, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = Command(
            "select id from service_request where city_id = $1 and duplicate_of = $2 order by id limit $3", _cityId, requestId, max);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<long>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    /// <summary>Claims an external id for a request.</summary>
    /// <returns>The request that has it.</returns>
    public async Task<long> ClaimExternalIdAsync(string externalId, long requestId, CancellationToken cancellation) =>
        await ScalarAsync<long?>(
            """
            insert into service_request_external_id (city_id, external_id, service_request_id) values ($1, $2, $3)
            on conflict (city_id, external_id) do nothing
            returning service_request_id
            """, cancellation, _cityId, externalId, requestId)
        ?? await ScalarAsync<long?>(
            "select service_request_id from service_request_external_id where city_id = $1 and external_id = $2",
            cancellation, _cityId, externalId)
        ?? throw new InvalidOperationException("An external id that another request has is never removed.");

    private async Task<Guid> ChangeAsync(string sql, Decision.Change change, CancellationToken cancellation)
    {
        RequestState state = change.State;
        await using var command = new NpgsqlCommand(sql, _connection)
        {
            Parameters =
            {
                new() { Value = state.CityId },
                new() { Value = state.Id },
                new() { Value = state.Status },
                new() { Value = state.CategoryId },
                Nullable(state.AgencyId, "integer"),
                Nullable(state.Title, "text"),
                Nullable(state.Description, "text"),
                Nullable(state.Address, "text"),
                Nullable(state.Location, "geometry"),
                Nullable(state.ClosedAt, "timestamptz"),
                Nullable(state.Resolution, "text"),
                Nullable(state.ExternalId, "text"),
                Nullable(state.DuplicateOf, "bigint"),
                Nullable(state.RedactedAt, "timestamptz"),
                new() { Value = At },
                Nullable(change.Note, "text"),
                new() { Value = change.KeepsSourceTime },
                new() { Value = _cause },
            },
        };
        return (Guid)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private RequestState Read(NpgsqlDataReader reader) => new()
    {
        CityId = _cityId,
        Id = reader.GetInt64(0),
        Version = reader.GetInt32(1),
        Status = reader.GetFieldValue<ServiceRequestStatus>(2),
        CategoryId = reader.GetInt32(3),
        AgencyId = reader.IsDBNull(4) ? null : reader.GetInt32(4),
        Title = Text(reader, 5),
        Description = Text(reader, 6),
        Address = Text(reader, 7),
        Location = reader.IsDBNull(8) ? null : reader.GetFieldValue<Point>(8),
        ClosedAt = reader.IsDBNull(9) ? null : reader.GetDateTime(9),
        Resolution = Text(reader, 10),
        ExternalId = Text(reader, 11),
        DuplicateOf = reader.IsDBNull(12) ? null : reader.GetInt64(12),
        RedactedAt = reader.IsDBNull(13) ? null : reader.GetDateTime(13),
    };

    private async Task<T?> ScalarAsync<T>(string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        return await command.ExecuteScalarAsync(cancellation) is T value ? value : default;
    }

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    private static NpgsqlParameter Nullable(object? value, string type) => new() { Value = value ?? DBNull.Value, DataTypeName = type };
}
