namespace CityHelper.Data.Model;

/// <summary>The period of a counter, in the city's time zone. The order is that of the database type <c>count_span</c>.</summary>
public enum CountSpan
{
    Day,
    Month,
    Year,
}
