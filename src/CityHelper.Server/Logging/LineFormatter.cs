using System.Globalization;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace CityHelper.Server.Logging;

/// <summary>
/// Writes each log message of any source as one line of the console: <c>2026-01-31T12:00:00.000Z warn Category[1002] message</c>. Libraries
/// log paths and messages as they were sent, so characters that could end a line or control a terminal are escaped here. Only an exception
/// takes more lines, all indented.
/// </summary>
internal sealed class LineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    /// <summary>The format of times, in UTC.</summary>
    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string message = LogText.Escape(logEntry.Formatter(logEntry.State, logEntry.Exception), Limits.LogLineCharsMax);
        string now = time.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        textWriter.Write(string.Create(
            CultureInfo.InvariantCulture, $"{now} {Word(logEntry.LogLevel)} {logEntry.Category}[{logEntry.EventId.Id}] {message}\n"));
        string[] lines = (logEntry.Exception?.ToString() ?? "").Split('\n', Limits.LoggedExceptionLinesMax + 1);
        foreach (string line in lines.Take(Limits.LoggedExceptionLinesMax))
        {
            if (line.Length > 0)
            {
                textWriter.Write($"      {LogText.Escape(line.TrimEnd('\r'), Limits.LogLineCharsMax)}\n");
            }
        }
    }

    /// <summary>The name of a level, in four letters.</summary>
    internal static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
