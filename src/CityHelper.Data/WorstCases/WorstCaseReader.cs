using System.Reflection;
using System.Text.Json;
using CityHelper.Data.Cities;
using Npgsql;

namespace CityHelper.Data.WorstCases;

/// <summary>Finds the values that make queries expensive. Reads all requests a few times: seconds for a large city.</summary>
public static class WorstCaseReader
{
    /// <summary>Reads them in one snapshot, so that equal data gives equal worst cases.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public static async Task<CityWorstCases> ReadAsync(NpgsqlDataSource database, CityEntry city, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction snapshot = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancellation);
        var keys = (await RowsAsync(connection, "keys", city.Id, Key, cancellation))
            .GroupBy(row => row.Column)
            .ToDictionary(column => column.Key, column => (IReadOnlyList<FrequentKey>)[.. column.Select(row => row.Key)]);
        return new CityWorstCases(
            city.Id,
            city.Slug,
            keys[KeyColumn.Status].Sum(status => status.Requests),
            await RowsAsync(connection, "boxes", city.Id, Box, cancellation),
            keys,
            await RowsAsync(connection, "requests", city.Id, Request, cancellation),
            await RowsAsync(connection, "spread", city.Id, r => r.GetInt64(0), cancellation, Limits.SpreadIds),
            await RowsAsync(
                connection,
                "boundaries",
                city.Id,
                r => new NamedBoundary(r.GetString(0), r.GetInt32(1), r.GetString(2), r.GetString(3)),
                cancellation),
            (await RowsAsync(connection, "days", city.Id, Days, cancellation)).Single());
    }

    private static (KeyColumn Column, FrequentKey Key) Key(NpgsqlDataReader reader) =>
        (WorstCaseNames.Parse<KeyColumn>(reader.GetString(0)),
            new FrequentKey(reader.GetString(1), reader.GetString(2), reader.GetInt64(3)));

    private static NamedBox Box(NpgsqlDataReader reader) =>
        new(
            WorstCaseNames.Parse<BoxKind>(reader.GetString(0)),
            reader.GetDouble(1),
            reader.GetDouble(2),
            reader.GetDouble(3),
            reader.GetDouble(4));

    private static NamedRequest Request(NpgsqlDataReader reader)
    {
        var columns = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(reader.GetString(5))!;
        return new NamedRequest(
            WorstCaseNames.Parse<RequestKind>(reader.GetString(0)),
            reader.GetInt64(1),
            reader.IsDBNull(2) ? null : reader.GetString(2),
            reader.IsDBNull(3) ? null : (reader.GetDouble(3), reader.GetDouble(4)),
            columns.Where(c => c.Value.ValueKind != JsonValueKind.Null).ToDictionary(c => c.Key, c => c.Value.ToString()));
    }

    private static CreationDays? Days(NpgsqlDataReader reader) =>
        reader.IsDBNull(0) ? null : new CreationDays(reader.GetDateTime(0), reader.GetDateTime(1), reader.GetDateTime(2));

    private static async Task<IReadOnlyList<T>> RowsAsync<T>(
        NpgsqlConnection connection,
        string name,
        short city,
        Func<NpgsqlDataReader, T> row,
        CancellationToken cancellation,
        params int[] others)
    {
        await using var command = new NpgsqlCommand(Sql(name), connection)
        {
            Parameters = { new NpgsqlParameter<short> { TypedValue = city } },
        };
        command.Parameters.AddRange(others.Select(other => new NpgsqlParameter<int> { TypedValue = other }).ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private static string Sql(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.WorstCases.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
