using CityHelper.Data.Changes;
using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>The categories and agencies of a city during one run: known ones by code, and new ones.</summary>
/// <remarks>
/// New ones are written at the end of staging, in its transaction, so a refused file leaves none behind. Ids are assigned in memory. This
/// is safe because one import of a city runs at a time.
/// </remarks>
internal sealed class ReferenceTables
{
    private readonly short _cityId;
    private readonly Dictionary<string, int> _categories;
    private readonly Dictionary<string, int> _agencies;
    private readonly Dictionary<string, int> _categoryByTypeName = new(StringComparer.Ordinal);
    private readonly List<(int Id, string Code, string Name)> _newCategories = [];
    private readonly List<(int Id, string Code, string Name)> _newAgencies = [];

    private ReferenceTables(short cityId, Dictionary<string, int> categories, Dictionary<string, int> agencies)
    {
        _cityId = cityId;
        _categories = categories;
        _agencies = agencies;
    }

    /// <summary>Codes, in the order of their first occurrence.</summary>
    public IReadOnlyList<string> NewCategoryCodes => [.. _newCategories.Select(category => category.Code)];

    public static async Task<ReferenceTables> LoadAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        new(cityId,
            await CodesAsync(connection, "category", cityId, cancellation),
            await CodesAsync(connection, "agency", cityId, cancellation));

    /// <exception cref="BrokenInputException">The city would have more types than the limit allows.</exception>
    public int CategoryOf(string? typeName)
    {
        string name = typeName ?? "";
        if (!_categoryByTypeName.TryGetValue(name, out int id))
        {
            string code = CategoryCode.Of(typeName);
            string shown = code == CategoryCode.Unknown ? CategoryCode.UnknownName : name;
            id = IdOf(_categories, _newCategories, code, shown, Limits.CategoriesMax, "types");
            _categoryByTypeName.Add(name, id);
        }

        return id;
    }

    /// <exception cref="BrokenInputException">The city would have more agencies than the limit allows.</exception>
    public int? AgencyOf(string? code, string? name) =>
        code is null ? null : IdOf(_agencies, _newAgencies, code, name ?? code, Limits.AgenciesMax, "agencies");

    /// <summary>Writes the new ones, and then their event.</summary>
    public async Task WriteNewAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await WriteAsync(connection, "agency", _newAgencies, cancellation);
        await WriteAsync(connection, "category", _newCategories, cancellation);
        if (_newAgencies.Count + _newCategories.Count > 0)
        {
            await ChangeOutbox.AppendAsync(connection, _cityId, ChangeKind.Reference, "import", cancellation);
        }
    }

    private static int IdOf(
        Dictionary<string, int> known, List<(int Id, string Code, string Name)> added, string code, string name, int max, string what)
    {
        if (known.TryGetValue(code, out int id))
        {
            return id;
        }

        if (known.Count >= max)
        {
            throw new BrokenInputException($"The city would have more than {max:N0} {what}; the column probably holds something else.");
        }

        id = known.Count == 0 ? 1 : known.Values.Max() + 1;
        known.Add(code, id);
        added.Add((id, code, name));
        return id;
    }

    private static async Task<Dictionary<string, int>> CodesAsync(
        NpgsqlConnection connection, string table, short cityId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select code, id from {table} where city_id = $1", connection)
        {
            Parameters = { new() { Value = cityId } },
        };
        var codes = new Dictionary<string, int>(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            codes.Add(reader.GetString(0), reader.GetInt32(1));
        }

        return codes;
    }

    private async Task WriteAsync(
        NpgsqlConnection connection, string table, List<(int Id, string Code, string Name)> rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"insert into {table} (city_id, id, code, name) select $1, * from unnest($2, $3, $4)", connection)
        {
            Parameters =
            {
                new() { Value = _cityId },
                new() { Value = rows.Select(row => row.Id).ToArray() },
                new() { Value = rows.Select(row => row.Code).ToArray() },
                new() { Value = rows.Select(row => row.Name).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
