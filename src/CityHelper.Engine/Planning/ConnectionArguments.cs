using System.Globalization;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Execution;

namespace CityHelper.Engine.Planning;

/// <summary>The arguments of a connection, null where not given.</summary>
internal sealed record ConnectionArguments(
    string Coordinate, InputNode? First, InputNode? After, InputNode Partition, InputNode? Area, InputNode? Filter, bool Ascending)
{
    /// <summary>
    /// What a cursor of the connection is bound to: the field, the partition, the area, the filter and the order, but not the page
    /// size or the selected fields, which a client may change from page to page.
    /// </summary>
    public string Question(RootRun run)
    {
        var text = new StringBuilder(Coordinate);
        text.Append('|').Append(run.Partition.ToString(CultureInfo.InvariantCulture));
        text.Append('|').Append(Ascending ? "asc" : "desc").Append('|');
        Append(text, Area?.Evaluate(run.Variables));
        text.Append('|');
        Append(text, Filter?.Evaluate(run.Variables));
        return text.ToString();
    }

    // Members by name, so that a literal and a variable of equal content are one question.
    private static void Append(StringBuilder text, object? value)
    {
        switch (value)
        {
            case Dictionary<string, object?> members:
                text.Append('{');
                foreach ((string name, object? member) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    text.Append(name).Append(':');
                    Append(text, member);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case List<object?> items:
                text.Append('[');
                foreach (object? item in items)
                {
                    Append(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case DateTimeOffset moment:
                text.Append(moment.UtcTicks.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                text.Append(JsonSerializer.Serialize(value));
                break;
        }
    }
}
