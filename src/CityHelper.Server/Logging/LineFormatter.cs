using System.Globalization;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace CityHelper.Server.Logging;

/// <summary>
/// Writes each log message as one line of the console, whoever logs it: <c>2026-01-31T12:00:00.000Z warn Category[1002] message</c>.
/// Libraries log paths and messages as they were sent, so what could end a line or steer a terminal is escaped here. Only an exception
/// takes more lines, all of them indented.
/// </summary>
internal sealed class LineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    /// <summary>How a moment is written, in UTC.</summary>
    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string message = LogText.Escape(logEntry.Formatter(logEntry.State, logEntry.Exception), Limits.LogLineCharsMax);
        string now = time.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        textWriter.Write(string.Create(CultureInfo.InvariantCulture, $"{now} {Word(logEntry.LogLevel)} {logEntry.Category}[{logEntry.EventId.Id}] {message}\n"));
        foreach (string line in (logEntry.Exception?.ToString() ?? "").Split('\n', Limits.LoggedExceptionLinesMax + 1).Take(Limits.LoggedExceptionLinesMax))
        {
            if (line.Length > 0)
            {
                textWriter.Write($"      {LogText.Escape(line.TrimEnd('\r'), Limits.LogLineCharsMax)}\n");
            }
        }
    }

    /// <summary>The word for a level, in four letters.</summary>
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
