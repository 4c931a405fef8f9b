using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CityHelper.Data.Model;
using CityHelper.Engine;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Operations on one column, with operands at and beside values that rows have.</summary>
internal sealed class OperandGenerator(OracleRows rows, SchemaFile schema, Dice dice)
{
    private static readonly TimeSpan[] s_steps =
    [
        TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromTicks(-1), TimeSpan.FromTicks(4),
        TimeSpan.FromTicks(-5), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(-1), TimeSpan.FromDays(3), TimeSpan.FromDays(-40),
        TimeSpan.FromDays(200),
    ];

    private static readonly TimeSpan[] s_offsets = [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(-5), TimeSpan.FromMinutes(330)];

    private readonly Dictionary<(string Type, short City), IReadOnlyList<object>> _lists = [];

    /// <summary>All rows of a type in a city.</summary>
    public IReadOnlyList<object> Rows(string type, short city)
    {
        if (!_lists.TryGetValue((type, city), out IReadOnlyList<object>? list))
        {
            _lists.Add((type, city), list = [.. rows.Of(type, city)]);
        }

        return list;
    }

    /// <summary>A text that some row has in a column.</summary>
    public string Existing(string rowType, string column, short city)
    {
        while (true)
        {
            if (OracleColumns.Value(dice.Pick(Rows(rowType, city)), column) is string text)
            {
                return text;
            }
        }
    }

    /// <summary>A range of creation times of at most 31 days, around a request.</summary>
    public JsonObject ShortRange(short city)
    {
        var request = (ServiceRequest)dice.Pick(Rows("ServiceRequest", city));
        int days = dice.Between(0, 31);
        DateTime from = request.CreatedAt.AddDays(-dice.Between(0, days));
        return new JsonObject
        {
            [dice.Pick(["gte", "gt"])] = TextOf(from),
            [dice.Pick(["lt", "lte"])] = TextOf(from.AddDays(days)),
        };
    }

    /// <summary>One or two operations on a column.</summary>
    public JsonObject Operations(string rowType, string column, string input, short city)
    {
        var operations = new JsonObject();
        if (dice.Chance(3))
        {
            return operations;
        }

        foreach (SchemaInput member in dice.Shuffled(schema.Members(input)).Take(dice.PickWeighted([1, 2], n => n == 1 ? 4 : 1)))
        {
            operations[member.Name] = member.Name switch
            {
                "and" or "or" => new JsonArray([.. Enumerable.Range(0, dice.Between(0, 2))
                    .Select(_ => (JsonNode)Operations(rowType, column, input, city))]),
                _ when member.Type.IsList => List(rowType, column, member, city),
                _ => dice.Chance(6) ? null : Operand(rowType, column, member, city),
            };
        }

        return operations;
    }

    private JsonArray? List(string rowType, string column, SchemaInput member, short city)
    {
        if (dice.Chance(4))
        {
            return null;
        }

        int count = dice.PickWeighted([0, 1, 2, 3, 4], n => n == 0 ? 1 : 4);
        return new JsonArray([.. Enumerable.Range(0, count).Select(_ =>
            !member.Type.HasNonNullItems && dice.Chance(8) ? null : Operand(rowType, column, member, city))]);
    }

    private JsonNode Operand(string rowType, string column, SchemaInput member, short city) => member.Type.Name switch
    {
        "ID" => IdOf(rowType, city),
        "DateTime" => Moment(rowType, column, city),
        "String" => Text(rowType, column, member.Name, city),
        string status => JsonValue.Create(dice.Pick(schema.Values(status))),
    };

    /// <summary>An id of a type: of a row of the city, of the other city, or of no row.</summary>
    public string IdOf(string type, short city) => dice.Below(10) switch
    {
        0 => new GlobalId(type, city, dice.Below(1_000_000) + 1_000L).ToString(),
        1 => OracleRows.KeyOf(dice.Pick(Rows(type, city == OracleRows.NycId ? OracleRows.SpringfieldId : OracleRows.NycId))),
        _ => OracleRows.KeyOf(dice.Pick(Rows(type, city))),
    };

    private string Moment(string rowType, string column, short city)
    {
        DateTime moment = new(2024, 6, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int attempt = 0; attempt < 4; attempt++)
        {
            if (OracleColumns.Value(dice.Pick(Rows(rowType, city)), column) is DateTime some)
            {
                moment = some;
                break;
            }
        }

        return TextOf(moment + dice.Pick(s_steps));
    }

    private string TextOf(DateTime utc)
    {
        TimeSpan offset = dice.Pick(s_offsets);
        string text = new DateTimeOffset(utc).ToOffset(offset).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
        return offset == TimeSpan.Zero && dice.Chance(70) ? text.Replace("+00:00", "Z", StringComparison.Ordinal) : text;
    }

    private string Text(string rowType, string column, string operation, short city)
    {
        string text = "";
        for (int attempt = 0; attempt < 4 && text.Length == 0; attempt++)
        {
            text = OracleColumns.Value(dice.Pick(Rows(rowType, city)), column) as string ?? "";
        }

        // Cuts between code points, because half a surrogate pair is not valid text.
        Rune[] runes = [.. text.EnumerateRunes()];
        int length = dice.Between(0, Math.Min(6, runes.Length));
        int from = dice.Between(0, runes.Length - length);
        string part = operation.TrimStart('n') switch
        {
            "contains" => Joined(runes[from..(from + length)]),
            "startsWith" => Joined(runes[..length]),
            "endsWith" => Joined(runes[(runes.Length - length)..]),
            _ => text,
        };
        return dice.Below(20) switch
        {
            0 => part.ToUpperInvariant(),
            1 => part.ToLowerInvariant(),
            2 => part + dice.Pick(["%", "_", "\\", "'", "\"", "🚮"]),
            _ => part,
        };
    }

    private static string Joined(IEnumerable<Rune> runes) => string.Concat(runes);
}
