using Microsoft.Extensions.Logging.Console;

namespace CityHelper.Server.Logging;

/// <summary>Makes the console's log safe to read: JSON for programs in Production, lines for people elsewhere.</summary>
internal static class ConsoleLogging
{
    /// <summary>
    /// Writes the console's log as JSON in Production and as lines elsewhere, unless the configuration names another formatter
    /// (<c>Logging__Console__FormatterName</c>).
    /// </summary>
    public static void AddConsoleLogging(this ILoggingBuilder logging, IHostEnvironment environment)
    {
        string usual = environment.IsProduction() ? JsonLineFormatter.FormatterName : LineFormatter.FormatterName;
        logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        logging.AddConsoleFormatter<JsonLineFormatter, ConsoleFormatterOptions>();
        logging.Services.PostConfigure<ConsoleLoggerOptions>(options =>
            options.FormatterName = options.FormatterName is { Length: > 0 } named ? named : usual);
    }
}
