using System.Collections.Concurrent;
using CityHelper.Engine.Database;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// What clients call the rows that logged keys refer to: the code of a category. A row keeps its code, so what is known stays true; a key
/// that nobody knows yet is looked up before a change is judged by it.
/// </summary>
/// <param name="tenant">The tenant.</param>
/// <param name="rows">The logged rows.</param>
/// <param name="database">Reads the small tables.</param>
internal sealed class RowLabels(short tenant, LoggedRows rows, ReadingDatabase database)
{
    private readonly ConcurrentDictionary<(int Column, long Key), string?> _known = new();

    /// <summary>What clients call a logged value.</summary>
    /// <param name="column">The number of its column.</param>
    /// <param name="value">A label, or a key.</param>
    public string? Of(int column, object? value) => value is long key ? _known.GetValueOrDefault((column, key)) : (string?)value;

    /// <summary>Looks up the keys in changes that are not known yet: at most once for each column.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="columns">The columns that are filtered by.</param>
    /// <param name="cancellation">Cancels the look-up.</param>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async ValueTask EnsureAsync(IReadOnlyCollection<RowChange> changes, IEnumerable<int> columns, CancellationToken cancellation)
    {
        foreach (int column in columns)
        {
            if (rows.Columns[column].Reference is { } reference)
            {
                long[] unknown = [.. changes.SelectMany(change => KeysIn(change, column)).Distinct()
                    .Where(key => !_known.ContainsKey((column, key)))];
                if (unknown.Length > 0)
                {
                    await LoadAsync(column, reference, unknown, cancellation);
                }
            }
        }
    }

    private static IEnumerable<long> KeysIn(RowChange change, int column) =>
        new[] { change.Before?.Values[column], change.After?.Values[column] }.OfType<long>();

    private async Task LoadAsync(int column, LoggedReference reference, long[] unknown, CancellationToken cancellation)
    {
        EntityMap target = reference.Target;
        Dictionary<long, string> found = await database.ReadAsync(
            async connection =>
            {
                Dictionary<long, string> labels = [];
                await using var command = new NpgsqlCommand(
                    $"select {target.RowKey("t")}, t.{reference.Label.Name} from {target.Table} t "
                        + $"where t.{target.TenantColumn} = $1 and t.{target.RowColumn} = any($2)",
                    connection);
                command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = tenant });
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = unknown });
                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
                while (await reader.ReadAsync(cancellation))
                {
                    labels.Add(reader.GetInt64(0), reader.GetString(1));
                }

                return labels;
            },
            cancellation);
        foreach (long key in unknown)
        {
            _known[(column, key)] = found.GetValueOrDefault(key);
        }
    }
}
