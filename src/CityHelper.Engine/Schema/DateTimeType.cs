using System.Globalization;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>
/// Date and time with offset (RFC 3339). Input: <c>2018-10-21T00:00:00-04:00</c>, up to seven fraction digits, kept to the microsecond as
/// in PostgreSQL. Output: UTC with three fraction digits.
/// </summary>
public sealed class DateTimeType : ScalarGraphType
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK";

    public DateTimeType()
    {
        Name = "DateTime";
        Description = "Date and time with offset from UTC (RFC 3339), such as `2018-10-21T04:00:00.000Z`.";
        this.ApplyDirective("specifiedBy", "url", "https://scalars.graphql.org/chillicream/date-time.html");
    }

    public override object? ParseLiteral(GraphQLValue value) => value switch
    {
        GraphQLStringValue text => ParseValue(text.Value.ToString()),
        GraphQLNullValue => null,
        _ => ThrowLiteralConversionError(value),
    };

    public override object? ParseValue(object? value) => value switch
    {
        null => null,
        DateTimeOffset moment => moment,
        string text when HasOffset(text) && DateTimeOffset.TryParseExact(
            text.ToUpperInvariant(), Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset moment) => moment,
        _ => ThrowValueConversionError(value),
    };

    // K also matches a missing offset, which would be read in the server's time zone.
    private static bool HasOffset(string text) =>
        text.EndsWith('Z') || text.EndsWith('z') || (text.Length > 6 && text[^3] == ':' && text[^6] is '+' or '-');
}
