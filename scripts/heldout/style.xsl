<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:key name="by-tag" match="record" use="tag"/>
  <xsl:template match="/records">
    <html>
      <body>
        <xsl:for-each select="record">
          <xsl:sort select="name"/>
          <p id="{@id}">
            <b><xsl:value-of select="name"/></b>
            <xsl:value-of select="concat(' (', @score, '): ', note)"/>
            <xsl:for-each select="tag">
              <i><xsl:value-of select="concat(., ' ', count(key('by-tag', .)))"/></i>
            </xsl:for-each>
          </p>
        </xsl:for-each>
      </body>
    </html>
  </xsl:template>
</xsl:stylesheet>
