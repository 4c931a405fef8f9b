using System.Globalization;
using System.Reflection;
using CityHelper.Engine;
using CityHelper.Engine.Telemetry;
using FsCheck;
using FsCheck.Xunit;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class LogTextTests
{
    [Theory]
    [InlineData("ServiceRequestMap", "ServiceRequestMap")]
    [InlineData("übermäßig 😀", "übermäßig 😀")]
    [InlineData("a\r\nb\tc", "a\\u000D\\u000Ab\\u0009c")]
    [InlineData("\u001b[2J\u009b31m\u0007", "\\u001B[2J\\u009B31m\\u0007")]
    [InlineData("\u202Egnirts\u2028\u2029\uFEFF", "\\u202Egnirts\\u2028\\u2029\\uFEFF")]
    [InlineData("\U000E0041", "\\uDB40\\uDC41")]
    [InlineData(null, "")]
    public void What_ends_a_line_or_steers_a_terminal_is_escaped(string? text, string expected) =>
        Assert.Equal(expected, ((LogText)text).ToString());

    [Property(MaxTest = 1_000)]
    public bool No_text_is_more_than_one_short_line(string? text, char half, int seed)
    {
        var dice = new Random(seed);
        string hostile = string.Concat(
            Enumerable.Range(0, dice.Next(2 * Limits.LoggedCharsMax)).Select(_ => (char)dice.Next(char.MaxValue + 1)));
        string shown = ((LogText)(text + half + hostile)).ToString();
        return shown.Length <= 6 * Limits.LoggedCharsMax + 1
            && System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(shown)) == shown
            && !shown
                .EnumerateRunes()
                .Any(rune =>
                    System.Text.Rune.GetUnicodeCategory(rune)
                        is UnicodeCategory.Control
                            or UnicodeCategory.Format
                            or UnicodeCategory.LineSeparator
                            or UnicodeCategory.ParagraphSeparator
                            or UnicodeCategory.Surrogate);
    }

    [Fact]
    public void A_pair_is_not_cut_in_half() =>
        Assert.Equal(
            new string('x', Limits.LoggedCharsMax - 1) + "…", ((LogText)(new string('x', Limits.LoggedCharsMax - 1) + "😀")).ToString());

    /// <summary>
    /// Log messages take texts only as <see cref="LogText"/>. SQL is the exception: client values are parameters, so it holds no client
    /// text and is logged in full.
    /// </summary>
    [Fact]
    public void Log_messages_take_no_strings()
    {
        MethodInfo[] messages =
        [
            .. new[]
            {
                typeof(Limits).Assembly,
                typeof(CityHelper.Server.ServerApplication).Assembly,
                typeof(CityHelper.Data.Limits).Assembly,
            }
                .SelectMany(assembly => assembly.GetTypes())
                .SelectMany(type =>
                    type.GetMethods(
                        BindingFlags.Static
                            | BindingFlags.Instance
                            | BindingFlags.Public
                            | BindingFlags.NonPublic
                            | BindingFlags.DeclaredOnly))
                .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null),
        ];
        Assert.InRange(messages.Length, 20, 1_000);
        Assert.Equal(
            ["Statement(sql)"],
            messages
                .SelectMany(method =>
                    method
                        .GetParameters()
                        .Where(parameter => !IsSafe(parameter.ParameterType))
                        .Select(parameter => $"{method.Name}({parameter.Name})"))
                .Distinct());
    }

    // A number, our own type, or escaped text; the console formatter writes exceptions.
    private static bool IsSafe(Type type) =>
        type.IsPrimitive
        || type.IsEnum
        || type == typeof(LogText)
        || typeof(ILogger).IsAssignableFrom(type)
        || typeof(Exception).IsAssignableFrom(type);
}
