using System.CommandLine;
using System.Globalization;
using System.Text;
using CityHelper.Benchmarks.Log;
using Spectre.Console;

namespace CityHelper.Benchmarks;

/// <summary>What the commands of several benchmarks have in common: options, parts, and how tables are printed.</summary>
internal static class CommandTools
{
    /// <summary>The width of tables: a log has no width of its own.</summary>
    private const int TableWidth = 200;

    /// <summary>An option that takes a number of a range.</summary>
    public static Option<int> Number(string name, string description, int given, int min, int max)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => given };
        option.Validators.Add(parsed =>
        {
            // Without a token the default counts.
            if (parsed.Tokens is [var token]
                && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    || number < min || number > max))
            {
                parsed.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes {min} to {max}."));
            }
        });
        return option;
    }

    /// <summary>The option <c>--seed</c>.</summary>
    public static Option<int> Seed() => Number("--seed", "Of what is drawn.", given: 1, min: 0, max: int.MaxValue);

    /// <summary>The option <c>--only</c>, which takes some of the parts.</summary>
    public static Option<string?> Only(IReadOnlyList<string> parts)
    {
        string all = string.Join(", ", parts);
        var option = new Option<string?>("--only") { Description = $"Measures these parts, with commas between them: {all}." };
        option.Validators.Add(parsed =>
        {
            if (parsed.Tokens is [var token] && token.Value.Split(',').Except(parts).ToArray() is [var unknown, ..])
            {
                parsed.AddError($"--only takes {all}, with commas between them; not {unknown}.");
            }
        });
        return option;
    }

    /// <summary>The parts that are measured.</summary>
    public static HashSet<string> Parts(string? only, IReadOnlyList<string> parts) => [.. only?.Split(',') ?? parts];

    /// <summary>The option <c>--markdown</c>.</summary>
    public static Option<string?> Markdown() => new("--markdown") { Description = "A file for the tables as markdown." };

    /// <summary>Prints tables as they come, and writes them to a file at the end.</summary>
    public static async Task PrintAsync(IAsyncEnumerable<LogTable> tables, string? file)
    {
        AnsiConsole.Profile.Width = TableWidth;
        var markdown = new StringBuilder();
        await foreach (LogTable table in tables)
        {
            AnsiConsole.Write(table.ToSpectre());
            markdown.Append(markdown.Length > 0 ? "\n" : "").Append(table.ToMarkdown());
        }

        if (file is not null)
        {
            await File.WriteAllTextAsync(file, markdown.ToString());
        }
    }

    /// <summary>A variable of the environment that <c>eng/bench</c> sets.</summary>
    /// <exception cref="InvalidOperationException">It is not set.</exception>
    public static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"Set {name}: eng/bench does.");

    /// <summary>Tells a person what is being done.</summary>
    public static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
