namespace CityHelper.Data.Model;

/// <summary>The time a counter counts, in the city's own zone. The order is that of the database type <c>count_span</c>.</summary>
public enum CountSpan
{
    Day,
    Month,
    Year,
}
